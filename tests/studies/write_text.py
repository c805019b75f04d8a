"""Write the invented text of the tiny study: small grammars of English, Japanese and German.

The text means little, but it can be learnt: word order and agreement differ from language to
language as they do in earnest. Run it as `python tests/studies/write_text.py`.
"""

import json
import random
from pathlib import Path

GRAMMARS: dict[str, dict[str, list[str]]] = {
    "en": {
        "S": ["{W} {N} {V} {O} {P}.", "{P}, {N} {V} {O}.", "{N} {V} {O} because {N} {V} {O}.", "Does {N} see {O}?"],
        "W": ["Today", "Yesterday", "Every morning", "In winter", "Before supper", "After the rain"],
        "N": ["the miller", "a grey cat", "our neighbour", "the clock maker", "her sister", "a young sailor"],
        "V": ["weighs", "carries", "paints", "sells", "mends", "counts", "forgets", "looks for"],
        "O": ["the copper scales", "seven pears", "an old letter", "a blue lamp", "the heavy door", "wet stones"],
        "P": ["near the harbour", "behind the mill", "on the bridge", "under the lime tree", "in the attic"],
    },
    "ja": {
        "S": [
            "{W}、{N}が{P}{O}を{V}。",
            "{P}{N}は{O}を{V}。",
            "{N}が{O}を{V}ので、{N}は{O}を{V}。",
            "{N}は{O}が見えますか。",
        ],
        "W": ["今日", "昨日", "毎朝", "冬に", "夕食の前に", "雨のあとで"],
        "N": ["粉屋", "灰色の猫", "隣の人", "時計職人", "彼女の妹", "若い船乗り"],
        "V": ["量る", "運ぶ", "塗る", "売る", "直す", "数える", "忘れる", "探す"],
        "O": ["銅の天秤", "七つの梨", "古い手紙", "青いランプ", "重い扉", "濡れた石"],
        "P": ["港の近くで", "水車小屋の裏で", "橋の上で", "菩提樹の下で", "屋根裏で"],
    },
    "de": {
        "S": ["{W} {V} {N} {O} {P}.", "{P} {V} {N} {O}.", "{W} {V} {N} {O}, und {P} {V} {N} {O}."],
        "W": ["Heute", "Gestern", "Jeden Morgen", "Im Winter", "Vor dem Essen", "Nach dem Regen"],
        "N": ["der Müller", "eine graue Katze", "unser Nachbar", "die Uhrmacherin", "ihre Schwester"],
        "V": ["wiegt", "trägt", "bemalt", "verkauft", "flickt", "zählt", "vergisst", "sucht"],
        "O": ["die kupferne Waage", "sieben Birnen", "den alten Brief", "eine blaue Lampe", "die schwere Tür"],
        "P": ["am Hafen", "hinter der Mühle", "auf der Brücke", "unter der Linde", "auf dem Dachboden"],
    },
}
DOCUMENTS = 400
SENTENCES = 3


def write_documents(language: str, path: Path) -> None:
    """Write the documents of one language as jsonl, the same bytes at every call."""
    draw = random.Random(language)
    grammar = GRAMMARS[language]
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for _ in range(DOCUMENTS):
            text = ("" if language == "ja" else " ").join(sentence(draw, grammar) for _ in range(SENTENCES))
            stream.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


def sentence(draw: random.Random, grammar: dict[str, list[str]]) -> str:
    """Draw one sentence, filling each slot of a pattern on its own."""
    text = draw.choice(grammar["S"])
    for slot in "WNVOP":
        while "{" + slot + "}" in text:
            text = text.replace("{" + slot + "}", draw.choice(grammar[slot]), 1)
    return text[0].upper() + text[1:]


if __name__ == "__main__":
    for name in GRAMMARS:
        write_documents(name, Path(__file__).with_name("text") / f"{name}.jsonl")
