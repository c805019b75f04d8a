"""Jobs that their queue would not take, or would end before they are done."""

import pytest
from priced import MIX_E3, Config, MakeStudy, lay_out_segment, on_torch, sharing

from tenbin.errors import UserError
from tenbin.pricing.cost import Prices
from tenbin.pricing.refusals import refuse_impossible_jobs


def refuse(make_study: MakeStudy, change: object) -> str:
    with pytest.raises(UserError) as caught:
        refuse_impossible_jobs(Prices(make_study(change)))
    return str(caught.value)


def test_the_published_study_and_one_on_the_cpu_are_accepted(make_study: MakeStudy) -> None:
    refuse_impossible_jobs(Prices(make_study()))
    refuse_impossible_jobs(Prices(make_study(on_torch)))
    refuse_impossible_jobs(Prices(make_study(sharing)))


def test_a_segment_that_cannot_fit_is_refused_with_a_length_that_can(make_study: MakeStudy) -> None:
    def lengthen(config: Config) -> None:
        config["execution"]["segment_steps"]["e3"] = 200_000

    message = refuse(make_study, lengthen)
    assert message.startswith("execution.segment_steps.e3: a segment of e3 takes about 53.")
    assert "queue regular-a gives 48 hours less 900 s" in message
    fitting = int(message.rsplit("set it to ", 1)[1].split(" or less")[0].replace(",", ""))

    def follow(config: Config) -> None:
        config["execution"]["segment_steps"]["e3"] = fitting

    refuse_impossible_jobs(Prices(make_study(follow)))
    assert fitting > 170_000


def test_each_size_is_named_once(make_study: MakeStudy) -> None:
    def shorten(config: Config) -> None:
        config["execution"]["site"]["queues"]["regular-a"]["walltime_h"] = 10

    message = refuse(make_study, shorten)
    assert message.count("execution.segment_steps.e3:") == 1
    assert message.count("execution.segment_steps.e8:") == 1


def test_a_measured_speed_can_refuse_what_the_model_let_pass(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["study"].update(engine="torch"))
    refuse_impossible_jobs(Prices(study))
    lay_out_segment(study, MIX_E3, 100_000, [4.0], ranks=8)
    with pytest.raises(UserError, match=r"4 seconds a step \(measured"):
        refuse_impossible_jobs(Prices(study))


def test_more_nodes_than_a_queue_has_are_refused(make_study: MakeStudy) -> None:
    def widen(config: Config) -> None:
        config["execution"]["placements"]["e8"]["nodes"] = 6

    message = refuse(make_study, widen)
    assert "execution.placements.e8: 6 nodes are more than the 4 of queue regular-a" in message


def test_shared_places_are_named_by_their_own_keys(make_study: MakeStudy) -> None:
    def misplace(config: Config) -> None:
        sharing(config)
        config["execution"]["shared"]["segment_steps"]["e3"] = 100_000
        config["execution"]["shared"]["placements"]["e4"] = {"gpus_per_node": 4, "micro_batch": 16, "queue": "share"}

    message = refuse(make_study, misplace)
    assert "execution.shared.segment_steps.e3: a segment of e3 takes about 214" in message
    assert "execution.shared.placements.e4: 4 GPUs are more than the 2 of queue share" in message
