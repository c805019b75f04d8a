"""All forms by name."""

from tenbin.errors import UserError
from tenbin.scaling.laws.bilingual import BILINGUAL_FREE, BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT, TRANSFER
from tenbin.scaling.laws.form import Form
from tenbin.scaling.laws.mixtures import BIMIX, RATIO_LAW, mixing_law
from tenbin.scaling.laws.repetition import DATA_CONSTRAINED
from tenbin.scaling.laws.sizes import CHINCHILLA, KAPLAN, OVERTRAINING, POWER_LAW, POWER_LAW_CONSTANT

_ALL = (
    *(POWER_LAW, POWER_LAW_CONSTANT, CHINCHILLA, KAPLAN, OVERTRAINING, DATA_CONSTRAINED),
    *(mixing_law(1), mixing_law(2), mixing_law(3), RATIO_LAW, BIMIX),
    *(BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT, BILINGUAL_FREE, TRANSFER),
)
FORMS: dict[str, Form] = {form.name: form for form in _ALL}


def find_form(name: str) -> Form:
    """Return a form by name. Raises UserError that lists the names there are."""
    if name not in FORMS:
        raise UserError(f"no form {name}; there are {', '.join(FORMS)}")
    return FORMS[name]


def list_forms() -> str:
    """Return one line a form: its name, formula, columns and source."""
    return "\n".join(
        f"{form.name:20} {form.formula}   columns: {', '.join(variable.key for variable in form.variables)}, loss"
        f"   ({form.source})"
        for form in FORMS.values()
    )
