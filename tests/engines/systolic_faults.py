"""Faults that could be in the systolic array, each with params that show it."""

from tests.support.patching import Fault

__all__ = ["FAULTS", "GOLDEN", "MODULES", "OS", "SKID", "SMALL", "STREAMS", "fault"]

GOLDEN = "golden.engines.systolic"
ENGINE = "hw.engines.systolic.engine"
OPERAND = "hw.lib.systolic.operand_stationary"
OUTPUT = "hw.lib.systolic.output_stationary"
RESTING = "hw.lib.systolic.resting_sums"
PRODUCTS = "hw.arith.products"
SKEW = "hw.lib.skew"
SKID = "hw.lib.skid"
SHAPES = "hw.shapes"
SIM = "sim.engines.systolic"
SUMS = "golden.arith.sums"

MODULES = (
    GOLDEN,
    "hw.engines.systolic",
    ENGINE,
    OPERAND,
    OUTPUT,
    RESTING,
    PRODUCTS,
    SKEW,
    SKID,
    SHAPES,
    SIM,
    SUMS,
)

OS = {"dataflow": "os"}
WS = {"dataflow": "ws"}
IS = {"dataflow": "is"}
OS_PIPED = {**OS, "pe_pipeline": True}
WS_PIPED = {**WS, "pe_pipeline": True}
SMALL = {"rows": 3, "cols": 4, "k_max": 9, "activation": "int4", "weight": "int3"}


def fault(module: str, old: str, new: str, broken: str, **params: object) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


ARITHMETIC = (
    fault(
        PRODUCTS,
        "return left * top",
        "return left.as_unsigned() * top",
        "activations taken as unsigned",
        **OS,
    ),
    fault(
        PRODUCTS,
        "return left * top",
        "return (left * top).as_unsigned()",
        "product taken as unsigned",
        **WS,
    ),
    fault(
        OUTPUT,
        "accumulator = Signal.like(self.drain, reset_less=True)",
        "accumulator = Signal(self.drain.shape().width - 1, reset_less=True)",
        "accumulator one bit too narrow",
        **OS,
    ),
    fault(
        OUTPUT,
        "total = Signal.like(self.drain)",
        "total = Signal.like(self.drain[:-1].as_signed())",
        "sum one bit too narrow",
        **OS,
    ),
    fault(
        OPERAND,
        "partial_below = Signal.like(self.partial, reset_less=True)",
        "partial_below = Signal.like(self.partial[:-1].as_signed(), reset_less=True)",
        "carry out of the sums of a column lost",
        **WS,
    ),
    fault(
        OUTPUT,
        "total.eq(Mux(self.first, 0, accumulator) + product)",
        "total.eq(accumulator + product)",
        "first does not clear",
        **OS,
    ),
    fault(
        OUTPUT,
        "stage = Signal(product.shape(), reset_less=True)",
        "stage = Signal(len(product) - 1, reset_less=True)",
        "pipeline register too narrow",
        **OS_PIPED,
    ),
    fault(
        OPERAND,
        "stage = Signal(product.shape(), reset_less=True)",
        "stage = Signal(len(product), reset_less=True)",
        "pipeline register unsigned",
        **WS_PIPED,
    ),
    fault(
        SHAPES,
        "signed=isinstance(format, IntFormat) and format.signed",
        "signed=True",
        "unsigned formats taken as signed",
        **OS,
        activation="uint4",
    ),
    fault(
        SHAPES,
        "signed=isinstance(format, IntFormat) and format.signed",
        "signed=False",
        "signed formats taken as unsigned",
        **IS,
    ),
    fault(
        GOLDEN,
        "exact = smallest_int(*self.sum_range(self.rows))",
        "exact = smallest_int(*self.sum_range(self.rows - 1))",
        "sums of a column sized for a row too few",
        **WS,
        rows=2,
    ),
)


CONTROL = (
    fault(
        RESTING,
        "self.job.ready.eq(~busy | (fire & last)),",
        "self.job.ready.eq(~busy),",
        "next job waits for an idle cycle",
        **OS,
    ),
    fault(
        ENGINE,
        "self.job.ready.eq(~loading | hand_over),",
        "self.job.ready.eq(~loading),",
        "next tile is taken after an idle cycle",
        **WS,
    ),
    fault(
        ENGINE,
        "hand_over = (loaded | completes) & (~streaming | ends)",
        "hand_over = loaded & (~streaming | ends)",
        "a tile is handed over one cycle late",
        **WS,
    ),
    fault(
        ENGINE,
        "hand_over = (loaded | completes) & (~streaming | ends)",
        "hand_over = (loaded | completes) & ~streaming",
        "the next tile waits until the stream has ended",
        **IS,
    ),
    fault(
        ENGINE,
        "may_push = enable & loading & ~loaded & ~(streaming & first & ~fire)",
        "may_push = enable & loading & ~loaded",
        "a tile is overwritten before it is swapped in",
        **WS,
    ),
    fault(
        ENGINE,
        "may_push = enable & loading & ~loaded & ~(streaming & first & ~fire)",
        "may_push = enable & loading & ~loaded & ~(streaming & first)",
        "shadow registers are free a cycle late",
        **WS,
    ),
    fault(
        ENGINE,
        "grid.load.eq(Cat(push, *(push & (pushed >= row) for row in range(1, rows)))),",
        "grid.load.eq(Cat(push & (pushed <= row) for row in range(rows))),",
        "load enable of the wrong rows",
        **WS,
    ),
    fault(
        ENGINE,
        "grid.load.eq(Cat(push, *(push & (pushed >= row) for row in range(1, rows)))),",
        "grid.load.eq(Cat(push for row in range(rows))),",
        "every row loads with every beat",
        **WS,
    ),
    fault(
        ENGINE,
        "grid.moving[row].eq(Mux(active_rows[row], moving.payload[row], 0))",
        "grid.moving[row].eq(moving.payload[row])",
        "unused rows are not masked",
        **WS,
    ),
    fault(
        ENGINE,
        "active_rows.eq(Cat(row < height for row in range(rows))),",
        "active_rows.eq(Cat(row <= height for row in range(rows))),",
        "one row too many is active",
        **IS,
    ),
    fault(
        ENGINE,
        "grid.swap.eq(fire & first),",
        "grid.swap.eq(fire),",
        "swap with every beat",
        **WS,
    ),
    fault(
        RESTING,
        "grid.last.eq(fire & last),",
        "grid.last.eq(last & busy & enable),",
        "the last beat counts before it is there",
        **OS,
    ),
    fault(
        RESTING,
        "may_fire = enable & busy & ~(last & (draining != 0))",
        "may_fire = enable & busy",
        "a sum is moved into a drain register that is in use",
        **OS,
    ),
    fault(
        RESTING,
        "m.d.sync += [draining.eq(height - 1), busy.eq(0)]",
        "m.d.sync += [draining.eq(height), busy.eq(0)]",
        "the drain counts one cycle too many",
        **OS,
    ),
    fault(
        RESTING,
        "with m.If(enable & (draining != 0)):",
        "with m.If(draining != 0):",
        "the drain is counted while results are stopped",
        **OS,
    ),
    fault(
        RESTING,
        "fire = may_fire & self.activations.valid & self.weights.valid",
        "fire = may_fire & self.activations.valid",
        "weights are used before they are there",
        **OS,
    ),
    fault(
        RESTING,
        "self.activations.ready.eq(may_fire & self.weights.valid),",
        "self.activations.ready.eq(may_fire),",
        "activations are taken although the weights are missing",
        **OS,
    ),
    fault(
        RESTING,
        "busy, first = Signal(), Signal()",
        "busy, first = Signal(reset_less=True), Signal()",
        "reset does not end a job",
        **OS,
    ),
    fault(
        ENGINE,
        "streaming, first = Signal(), Signal()",
        "streaming, first = Signal(reset_less=True), Signal()",
        "reset does not end a stream",
        **WS,
    ),
    fault(
        ENGINE,
        "loading, loaded, pushed = Signal(), Signal(), Signal(range(rows + 1), reset_less=True)",
        "loading, loaded = Signal(), Signal(reset_less=True)\n"
        "        pushed = Signal(range(rows + 1), reset_less=True)",
        "reset leaves a tile loaded",
        **IS,
    ),
    fault(
        RESTING,
        "draining = Signal(range(max(2, self._rows)))",
        "draining = Signal(range(max(2, self._rows)), reset_less=True)",
        "reset leaves the drain counting",
        **OS,
        rows=6,
    ),
    fault(
        OPERAND,
        "arriving = Signal(rows + cols + pipeline)",
        "arriving = Signal(rows + cols + pipeline, reset_less=True)",
        "reset leaves results on their way",
        **WS,
    ),
    fault(
        OUTPUT,
        "left_before = Signal(cols - 1)",
        "left_before = Signal(cols - 1, reset_less=True)",
        "reset leaves results on their way",
        **OS,
    ),
    fault(
        OUTPUT,
        "waiting = Signal.like(self.m)",
        "waiting = Signal.like(self.m, reset_less=True)",
        "reset leaves a tile waiting for its drain",
        **OS,
    ),
    fault(
        OUTPUT,
        "Mux(waiting == 1, tile_rows, 0)",
        "Mux(waiting == 2, tile_rows, 0)",
        "the drain begins one cycle early",
        **OS,
    ),
    fault(
        OUTPUT,
        "*(row <= height for row in range(1, self._rows + 1))",
        "*(row < height for row in range(1, self._rows + 1))",
        "the drain leaves out a row",
        **OS,
    ),
    fault(
        OUTPUT,
        "with m.If(self.shift):",
        "with m.If(self.shift & ~self.last):",
        "a row below the tile passes on its own sum",
        **OS,
    ),
    fault(
        OPERAND,
        "with m.If(self.swap):\n                m.d.sync += active.eq(shadow)",
        "late = Signal()\n"
        "            m.d.sync += late.eq(self.swap)\n"
        "            with m.If(late):\n"
        "                m.d.sync += active.eq(shadow)",
        "swap one cycle late",
        **WS,
    ),
    fault(
        OPERAND,
        "Skew, product.left, tuple(range(1, rows + 1))",
        "Skew, product.left, tuple(range(rows))",
        "swap one cycle late against the moving operand",
        **IS,
    ),
    fault(
        OPERAND,
        "self.swap_right.eq(self.swap),",
        "self.swap_right.eq(self.load),",
        "swap follows load",
        **WS,
    ),
)

STREAMS = (
    fault(
        OPERAND,
        "with m.If(self.enable):\n            m.d.sync += arriving",
        "with m.If(1):\n            m.d.sync += arriving",
        "results go on arriving while the grid stands",
        **WS,
    ),
    fault(
        OPERAND,
        "with m.If(self.enable):\n                m.d.sync += swap_below.eq(swap)",
        "with m.If(1):\n                m.d.sync += swap_below.eq(swap)",
        "swap moves on while the grid stands",
        **IS,
    ),
    fault(
        OUTPUT,
        "with m.If(self.enable):\n                m.d.sync += left_before.eq(leaving)",
        "with m.If(1):\n                m.d.sync += left_before.eq(leaving)",
        "leaving results move on while the grid stands",
        **OS,
    ),
    fault(
        OUTPUT,
        "with m.If(self.enable):\n            m.d.sync += shift",
        "with m.If(1):\n            m.d.sync += shift",
        "the drain goes on while the grid stands",
        **OS,
    ),
    fault(
        OUTPUT,
        "with m.If(self.enable):\n                m.d.sync += [later_first.eq(first)",
        "with m.If(1):\n                m.d.sync += [later_first.eq(first)",
        "control of the pipeline moves on while the grid stands",
        **OS_PIPED,
    ),
    fault(
        SKEW,
        "with m.If(self.enable):",
        "with m.If(1):",
        "delay lines move on while the grid stands",
        **WS,
    ),
    fault(
        SKEW,
        "line = Signal(delay * width,",
        "line = Signal((delay + (delay == 3)) * width,",
        "one lane a cycle late",
        **OS,
    ),
    fault(
        SKEW,
        "m.d.comb += outgoing[bits].eq(line[:width])",
        "m.d.comb += outgoing[bits].eq(line[-width:])",
        "every lane delayed by one cycle",
        **OS,
    ),
    fault(
        SKID,
        "self.i.ready.eq(~waiting),",
        "self.i.ready.eq(1),",
        "the held beat is overtaken and lost",
        **OS,
    ),
    fault(
        SKID,
        "self.i.ready.eq(~waiting),",
        "self.i.ready.eq(self.o.ready),",
        "a beat that waits comes twice",
        **OS,
    ),
    fault(
        SKID,
        "with m.If(~waiting):",
        "with m.If(1):",
        "payload changes while it is held",
        **WS,
    ),
    fault(
        SKID,
        "self.o.valid.eq(waiting | self.i.valid),",
        "self.o.valid.eq((waiting | self.i.valid) & self.o.ready),",
        "valid waits for ready",
        **WS,
    ),
    fault(
        SKID,
        "m.d.sync += waiting.eq(self.o.valid & ~self.o.ready)",
        "m.d.sync += waiting.eq(self.o.valid & ~self.o.ready & ~waiting)",
        "valid falls after one cycle",
        **OS,
    ),
    fault(
        SKID,
        "waiting = Signal()",
        "waiting = Signal(reset_less=True)",
        "reset leaves a beat in the buffer",
        **WS,
    ),
    fault(
        ENGINE,
        "results.payload[col].eq(grid.results[col])",
        "results.payload[col].eq(grid.results[col ^ 1])",
        "lanes of the results swapped",
        **WS,
    ),
    fault(
        SHAPES,
        "{field.dim.value: field.bits for field in job}",
        "{field.dim.value: field.bits for field in reversed(job)}",
        "fields of the job in the other order",
        **WS,
    ),
)

PUBLISHED = (
    fault(
        SIM,
        "latency = params.rows + params.cols + params.pe_pipeline",
        "latency = params.rows + params.cols + params.pe_pipeline - 1",
        "latency one too short",
        **OS,
    ),
    fault(
        SIM,
        "latency = params.rows + params.cols + params.pe_pipeline",
        "latency = params.rows + params.cols",
        "register of the processing element forgotten",
        **WS_PIPED,
    ),
    fault(
        SIM,
        "held = np.maximum(before[:-1], after[1:]).sum()",
        "held = np.minimum(before[:-1], after[1:]).sum()",
        "the shorter stream counts",
        **OS,
    ),
    fault(
        SIM,
        "held = np.maximum(before[:-1], after[1:]).sum()",
        "held = np.maximum(before[1:], after[1:]).sum()",
        "a job is compared with itself",
        **WS,
    ),
    fault(
        SIM,
        "before, after, start = jobs.m, jobs.k, 0",
        "before, after, start = jobs.n, jobs.k, 0",
        "columns drain in place of rows",
        **OS,
    ),
    fault(
        SIM,
        "before, after, start = jobs.n, jobs.k, 1",
        "before, after, start = jobs.m, jobs.k, 1",
        "the wrong dimension streams",
        **IS,
    ),
    fault(
        SIM,
        "before, after, start = jobs.m, jobs.k, 1",
        "before, after, start = jobs.m, jobs.k, 0",
        "cycle of the first job forgotten",
        **WS,
    ),
    fault(
        SIM,
        "return timing_sequence(params, cut(params, m, n, k))",
        "return timing_sequence(params, cut(params, n, m, k))",
        "M and N exchanged",
        **OS,
    ),
    fault(
        SIM,
        "return int(start + after[0] + held + before[-1] + latency)",
        "return int(start + after[0] + held + before[0] + latency)",
        "the first tile drains last",
        **OS,
    ),
    fault(
        GOLDEN,
        "results = (Lane(Dim.N, cols), Beat(Dim.M, descending=True))",
        "results = (Lane(Dim.N, cols), Beat(Dim.M))",
        "results said to leave from the first row down",
        **OS,
    ),
    fault(
        GOLDEN,
        "activations = (Lane(Dim.M, cols), Beat(Dim.K, descending=True))",
        "activations = (Lane(Dim.M, cols), Beat(Dim.K))",
        "activations said to enter from the first row down",
        **IS,
    ),
    fault(
        GOLDEN,
        "row_field = JobField(params.array_dims[0], rows)",
        "row_field = JobField(params.array_dims[0], max(1, rows - 1))",
        "a full tile does not fit the job's field",
        **WS,
        rows=4,
    ),
    fault(
        GOLDEN,
        "tile = {row_dim: params.rows, col_dim: params.cols, stream_dim: MAX_STREAM}",
        "tile = {row_dim: params.cols, col_dim: params.rows, stream_dim: MAX_STREAM}",
        "tiles turned on their side",
        **WS,
    ),
    fault(
        SUMS,
        "return format.encode(format.wrap(sums))",
        "return format.encode(format.saturate(sums))",
        "sums saturate where they should wrap",
        **OS,
        accumulator="int6",
        accumulator_overflow="wrap",
    ),
    fault(
        SUMS,
        "sums = sums + format.decode(c).astype(np.int64)",
        "sums = sums - format.decode(c).astype(np.int64)",
        "partial sums are subtracted",
        **WS,
    ),
)

FAULTS = (*ARITHMETIC, *CONTROL, *STREAMS, *PUBLISHED)
