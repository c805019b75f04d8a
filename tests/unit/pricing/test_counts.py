"""What is known of vocabularies and tokens before and after they are counted."""

from priced import MIX_E3, Config, MakeStudy, lay_out_tokens

from tenbin.files import write_json
from tenbin.pricing.counts import results_folder, run_tokens, split_counts, study_vocabulary, trained_runs
from tenbin.study.model import Run


def test_the_published_tokenizer_is_known_without_a_file(make_study: MakeStudy) -> None:
    vocabulary = study_vocabulary(make_study())
    assert (vocabulary.padded, vocabulary.known) == (50_304, True)


def test_a_trained_tokenizer_is_padded_to_128(make_study: MakeStudy) -> None:
    def train(config: Config) -> None:
        config["tokenizers"]["bpe1000"] = config["tokenizers"]["bpe4096"] | {"vocabulary": 1000}
        config["study"]["tokenizer"] = "bpe1000"

    vocabulary = study_vocabulary(make_study(train))
    assert (vocabulary.padded, vocabulary.known) == (1024, True)


def test_another_given_tokenizer_is_assumed_until_its_record_tells(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["tokenizers"]["neox20b"].update(sha256="9" * 64))
    assert study_vocabulary(study).known is False
    write_json(results_folder(study) / "tokenizers" / "neox20b.json", {"padded_vocabulary": 32_000})
    assert (study_vocabulary(study).padded, study_vocabulary(study).known) == (32_000, True)


def test_counted_tokens_replace_expected_ones(make_study: MakeStudy) -> None:
    study = make_study()
    expected = split_counts(study, "mc4ja", "train")
    assert (expected.tokens, expected.counted) == (314_000_000_000, False)
    lay_out_tokens(study, "mc4ja", 313_579_123_456)
    counted = split_counts(study, "mc4ja", "train")
    assert (counted.tokens, counted.counted) == (313_579_123_456, True)


def test_a_split_of_which_nothing_is_known(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["corpora"]["mc4ja"].update(expected_tokens={}))
    assert split_counts(study, "mc4ja", "train").tokens is None


def test_a_run_sees_its_corpora_by_their_weights(make_study: MakeStudy) -> None:
    half = 100_000 * 1536 * 2048
    assert run_tokens(make_study(), MIX_E3) == {"mc4ja": half, "pile": half}


def test_the_trunk_of_a_selected_branch_is_trained_too(make_study: MakeStudy) -> None:
    def branch(config: Config) -> None:
        trunk = config["schedules"]["it100k"] | {"decay": "constant"}
        config["schedules"]["trunk"] = trunk
        config["schedules"]["branch"] = trunk | {"decay": "cosine", "branch_of": "trunk", "branch_step": 80_000}
        config["study"]["blocks"] = [{"mixes": ["pile"], "sizes": ["e3"], "schedule": "branch"}]

    runs = trained_runs(make_study(branch))
    assert runs == [Run("pile", "e3", "branch", 1234), Run("pile", "e3", "trunk", 1234)]
