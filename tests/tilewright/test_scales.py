import numpy as np

from golden.contract import Beat, Dim, Group, Job, JobField, Jobs, Lane, Layout, Operand, PortLayout
from golden.formats import FP32, INT8, IntFormat
from tilewright.scales import draw_scales
from tilewright.settings import setting_choices, with_settings

PORT = PortLayout(operand=Operand.A, format=INT8, lanes=(Lane(Dim.M, 1),), beats=(Beat(Dim.K),))
SCALES = PortLayout(
    operand=Operand.S, format=FP32, lanes=(Lane(Dim.N, 2),), beats=(Beat(Group.COUNT),)
)
POINTS = PortLayout(
    operand=Operand.Z, format=IntFormat(5), lanes=(Lane(Dim.N, 2),), beats=(Beat(Group.COUNT),)
)
PLAIN = Layout(
    job=(JobField(Dim.K, 9), JobField(Group.SIZE, 30, step=3)),
    activations=PORT,
    weights=PORT,
    results=PORT,
)
BOTH = Layout(
    job=PLAIN.job,
    activations=PORT,
    weights=PORT,
    results=PORT,
    scales=SCALES,
    zero_points=POINTS,
)
JOBS = Jobs.of(Job(m=1, n=2, k=9, group_size=3), Job(m=1, n=100, k=900, n0=2, k0=9, group_size=3))


def test_every_group_and_every_column_has_a_scale() -> None:
    scales, points = draw_scales(BOTH, JOBS, np.random.default_rng(0))
    assert scales is not None
    assert points is not None
    assert scales.shape == points.shape == (303, 102)
    assert (scales.dtype, points.dtype) == (np.uint32, np.uint8)
    assert set(IntFormat(5).extremes) <= set(np.unique(points))


def test_most_scales_are_near_one_and_some_are_anything() -> None:
    scales, _ = draw_scales(BOTH, JOBS, np.random.default_rng(0))
    values = np.abs(FP32.decode(scales))
    near = (values >= 2**-8) & (values < 2**4)
    assert 0.94 < near.mean() < 0.97
    assert np.isnan(values).any()
    assert (values[~near & ~np.isnan(values)].min()) < 1e-30


def test_engines_without_the_ports_need_none() -> None:
    assert draw_scales(PLAIN, JOBS, np.random.default_rng(0)) == (None, None)


def test_of_sizes_of_groups_some_are_tried() -> None:
    choices = setting_choices(PLAIN)
    assert choices == [{Group.SIZE: 3}, {Group.SIZE: 12}, {Group.SIZE: 30}]
    assert [job.group_size for job in with_settings(JOBS, choices[1])] == [12, 12]
