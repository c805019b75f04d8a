"""tenbin weighs two languages in one model: a bilingual scaling-law study, stage by stage."""
