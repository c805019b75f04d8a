"""The tables of sites hold together."""

import re

import pytest

from snakemake_executor_plugin_pjm.sites import SITES, WISTERIA, Shape, Site

SHAPES = [
    pytest.param(shape, id=f"{site.name}-{name}-{shape.unit}")
    for site in SITES.values()
    if site
    for name, shapes in site.groups.items()
    for shape in shapes
]


@pytest.mark.parametrize("shape", SHAPES)
def test_limits_are_by_growing_size_and_bigger_jobs_never_get_more_time(shape: Shape) -> None:
    sizes, hours = zip(*shape.hours, strict=True)
    assert list(sizes) == sorted(set(sizes))
    assert list(hours) == sorted(set(hours), reverse=True)
    assert 1 <= shape.least <= sizes[-1]
    assert all(size <= sizes[-1] for size in shape.only)


@pytest.mark.parametrize("site", [site for site in SITES.values() if site], ids=lambda site: site.name)
def test_a_table_has_a_month_and_offers_only_what_jobs_can_name(site: Site) -> None:
    assert re.fullmatch(r"20\d\d-[01]\d", site.as_of)
    assert not set(site.groups) & set(site.not_for_jobs)
    assert all(len({shape.unit for shape in shapes}) == len(shapes) for shapes in site.groups.values())


@pytest.mark.parametrize(
    ("group", "count", "hours"),
    [
        ("regular-a", 1, 48),
        ("regular-a", 4, 48),
        ("regular-a", 5, 24),
        ("regular-a", 8, 24),
        ("share", 2, 48),
        ("share", 4, 24),
        ("share-short", 4, 2),
        ("share-debug", 1, 0.5),
        ("short-a", 2, 2),
        ("debug-a", 1, 0.5),
        ("prepost", 1, 6),
    ],
)
def test_wisteria_lets_jobs_run_so_long(group: str, count: int, hours: float) -> None:
    (shape,) = WISTERIA.groups[group]
    assert shape.limit_s(count) == hours * 3600
