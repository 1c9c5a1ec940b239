"""Runs on a GPU, without one: the same kernels through the compiler of C++, and NVIDIA's compiler, which needs no GPU.

`driver_of_c.DriverOfC` stands in for the driver. Whether a device gives the same bits only a device can tell:
``python -m r2psim.bench.gpu``.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import llvmlite.binding
import numpy as np
import pytest
from driver_of_c import FLAGS, Code, DriverOfC, library_of
from typer.testing import CliRunner

from r2psim.bench import gpu as bench
from r2psim.cli import app, main
from r2psim.ensemble import simulation
from r2psim.ensemble.at_draws import metrics_at_draws
from r2psim.ensemble.at_points import PointRuns
from r2psim.ensemble.devices import DeviceError, checked_device, runs_on
from r2psim.ensemble.engine import run_months
from r2psim.ensemble.gpu import cubins, runs
from r2psim.ensemble.gpu.cuda import Device, DeviceMemoryError
from r2psim.ensemble.gpu.source import KERNELS, TILE, layout_of
from r2psim.ensemble.results import Results
from r2psim.ensemble.simulation import Block, simulate
from r2psim.rules.draws import draws_of
from r2psim.rules.month import PHASES, opening
from r2psim.scenario import load
from r2psim.translation.native import CompilerError, compiler
from r2psim.world.build import build
from r2psim.world.expand import expand
from r2psim.world.rows import WRITTEN, copy_rows

POLICIES = ["late-response", "recommendations"]
"""Under the second bodies coordinate, strengthen mechanisms, and keep money on standby."""


def has_compiler() -> bool:
    try:
        compiler()
    except CompilerError:
        return False
    return True


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="no compiler of C is installed")

InUse = Callable[..., DriverOfC]


@pytest.fixture
def in_use(monkeypatch: pytest.MonkeyPatch) -> Iterator[InUse]:
    """Put a driver in the place of NVIDIA's; give what does so."""
    made: list[DriverOfC] = []

    def use(flags: tuple[str, ...] = FLAGS, **options: Any) -> DriverOfC:
        made.append(DriverOfC(**options))
        monkeypatch.setattr(runs, "open_device", lambda: Device(made[-1]))
        monkeypatch.setattr(cubins, "open_device", lambda: Device(made[-1]))
        monkeypatch.setattr(runs, "cubin_of", lambda own, _: str(library_of(own, flags)).encode())
        return made[-1]

    yield use
    for driver in made:
        assert not driver.arrays, "memory of the device is given back"


def parts_of(results: Results) -> Iterator[tuple[str, np.ndarray]]:
    for name in ("metrics", "spending", "yearly", "needs", "bodies", "ledgers", "series", "stages"):
        for policy, found in getattr(results, name).items():
            for key, array in found.items() if isinstance(found, dict) else ((name, found),):
                yield f"{name} {key} {policy}", np.ascontiguousarray(array)


def differing(a: Results, b: Results) -> list[str]:
    """Name what differs in any bit."""
    pairs = [(a, b)] if a.null is None or b.null is None else [(a, b), (a.null, b.null)]
    found = []
    for one, other in pairs:
        named = dict(parts_of(other))
        for name, array in parts_of(one):
            if array.shape != named[name].shape or array.tobytes() != named[name].tobytes():
                found.append(name)
    return found


EVERYTHING = {
    "series": ("groups_stage_3", "displaced_at_present", "monthly_deaths", "monthly_spent_response"),
    "histories": True,
    "ledgers": True,
    "null_twins": True,
}

# -- the same bits -----------------------------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.parametrize(
    ("scenario", "count", "years", "uncertainty"),
    [("seminar", 40, 3, "none"), ("seminar", 34, 2, "all"), ("seminar", 33, 1, "rates"), ("world", 2, 1, "none")],
)
def test_kernels_give_the_bits_of_the_processors_in_any_order_of_rows(
    in_use: InUse, scenario: str, count: int, years: int, uncertainty: str
) -> None:
    full = expand(load(scenario))
    options: dict[str, Any] = EVERYTHING | {"seed": 7, "years": years, "first_run": 5, "uncertainty": uncertainty}
    options["null_twins"] = scenario != "world"  # a tile of it takes seconds
    expected = simulate(full, POLICIES, count, device="cpu", **options)
    assert sum(expected.spending[policy].sum() for policy in POLICIES) > 0.0
    in_use(order=12345)
    assert differing(simulate(full, POLICIES, count, device="gpu", **options), expected) == []


@needs_compiler
def test_a_start_at_rest_settles_the_same(in_use: InUse) -> None:
    loaded = load("seminar")
    full = expand(replace(loaded, parameters=loaded.parameters | {"start.settling_months": 7.0}))
    options: dict[str, Any] = EVERYTHING | {"seed": 3, "years": 1}
    in_use(order=99)
    settled = simulate(full, POLICIES, 5, device="gpu", **options)
    assert differing(settled, simulate(full, POLICIES, 5, **options)) == []
    assert differing(settled, simulate(loaded, POLICIES, 5, **options)) != []


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def rows_left(runner: runs._Runner, run: int) -> dict[str, np.ndarray]:
    """Give every written block of a run as the device has it."""
    found = {}
    for name in WRITTEN:
        of: np.ndarray = getattr(runner.example, name)
        all_runs = np.empty((runner.task.tiles, of.size, TILE))
        runner.device.get(all_runs, runner.blocks[name])
        own = all_runs[run // TILE, :, run % TILE]
        found[name] = own.reshape(of.shape) if name == "ledger" else own.reshape(of.shape[::-1]).T
    return found


@needs_compiler
def test_every_column_of_every_row_is_left_as_on_the_processors(in_use: InUse, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load("seminar")
    full = expand(replace(loaded, parameters=loaded.parameters | {"start.settling_months": 7.0}))
    policy, chosen = POLICIES[1], (0, 31, 33)
    left: list[dict[str, np.ndarray]] = []
    months, open_ = runs._Runner._months, runs._Runner._open

    def looking_on(whole: Callable[..., None]) -> Callable[..., None]:
        def work(self: runs._Runner, *words: Any) -> None:
            whole(self, *words)
            left.extend(rows_left(self, run) for run in chosen)

        return work

    monkeypatch.setattr(runs._Runner, "_open", looking_on(open_))
    monkeypatch.setattr(runs._Runner, "_months", looking_on(months))
    in_use(order=5)
    simulate(full, policy, 34, seed=7, years=1, device="gpu")
    p = full.parameter_values(policy)
    for at, run in enumerate(chosen):
        rows, luck = copy_rows(build(full, policy).rows), draws_of(7, run, 0)
        for stage in range(2):
            opening(rows, p, luck) if stage == 0 else run_months(rows, p, luck, 0, 12)
            device = left[stage * len(chosen) + at]
            assert [n for n in WRITTEN if not same(device[n], getattr(rows, n))] == [], (run, stage)


@needs_compiler
def test_fused_multiplication_would_be_seen(in_use: InUse) -> None:
    features = llvmlite.binding.get_host_cpu_features()
    if not features.get("fma"):
        pytest.skip("this processor fuses nothing, or in another way")
    options: dict[str, Any] = {"seed": 7, "years": 2, "ledgers": True}
    fused = (
        *(f for f in FLAGS if not f.startswith("-ffp")),
        "-ffp-contract=fast",
        "-fexpensive-optimizations",
        "-mfma",
    )
    in_use(flags=fused)
    found = simulate("seminar", POLICIES, 8, device="gpu", **options)
    assert differing(found, simulate("seminar", POLICIES, 8, **options)) != []


def test_every_phase_of_the_month_is_a_kernel() -> None:
    assert [phase.run.__name__ for phase in PHASES] == list(KERNELS)[-len(PHASES) :]


# -- the driver's logic ------------------------------------------------------------------------------------------------


def blocks_of(count: int, **options: Any) -> list[Block]:
    blocks: list[Block] = []
    simulate("seminar", POLICIES, count, 7, 1, first_run=3, sink=blocks.append, **options)
    return blocks


@needs_compiler
def test_batches_follow_each_other_and_blocks_keep_their_order(in_use: InUse, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = simulate("seminar", POLICIES, 100, 7, 1, first_run=3, null_twins=True)
    monkeypatch.setattr(runs, "ENOUGH", 2 * TILE * 12)  # two tiles of a dozen states
    in_use()
    blocks = blocks_of(100, device="gpu", null_twins=True)
    both = [(policy, twin) for twin in (False, True) for policy in POLICIES]
    # 100 runs are four tiles: two batches of two, the last of them not full.
    assert [(b.policy, b.null_twin, b.first_run, len(b.arrays["metrics"])) for b in blocks] == [
        (policy, twin, first, count) for first, count in ((3, 64), (67, 36)) for policy, twin in both
    ]
    for block in blocks:
        of = expected.null if block.null_twin else expected
        assert of is not None
        part = slice(block.first_run - 3, block.first_run - 3 + len(block.arrays["metrics"]))
        assert block.arrays["metrics"].tobytes() == of.metrics[block.policy][part].tobytes()
    # What each run draws for itself is that of the batch.
    monkeypatch.setattr(runs, "ENOUGH", TILE * 12)
    drawn = [simulate("seminar", POLICIES, 40, 7, 1, uncertainty="all", device=device) for device in ("gpu", "cpu")]
    assert differing(*drawn) == []
    # Without a sink accounts are added up on the device, on from one batch to the next.
    added = simulate("seminar", POLICIES, 100, 7, 1, first_run=3, null_twins=True, device="gpu")
    assert differing(added, expected) == []


@needs_compiler
def test_batches_are_as_large_as_the_free_memory_and_the_results_do_not_depend_on_it(in_use: InUse) -> None:
    plenty = in_use()
    expected = blocks_of(160, device="gpu")
    assert len(expected) == len(POLICIES)
    in_use(memory=(plenty.memory - plenty.least_free) // 2)
    found = blocks_of(160, device="gpu")
    assert len(found) > len(expected)
    for policy in POLICIES:
        a, b = (
            np.concatenate([x.arrays["accounts"] for x in blocks if x.policy == policy]) for blocks in (expected, found)
        )
        assert a.tobytes() == b.tobytes()


@needs_compiler
def test_ensembles_of_designs_and_draws_run_there_too(in_use: InUse) -> None:
    full = expand(load("seminar"))
    in_use()
    paths = ["challenges.will.strength", "forms.mediation.effects.to_atrocity.size"]
    values = np.array([[[0.2, 0.9], [0.8, 0.5]], [[0.5, 0.7], [0.1, 0.6]]])
    found = {}
    for device in ("cpu", "gpu"):
        with runs_on(device):
            points = PointRuns(full, POLICIES, paths, values, 2, 7, 1, 2)
            rows = np.concatenate([done.metrics for done in points.rows(0, 2)])
            draws = metrics_at_draws(full, POLICIES, 0, 6, 7, 1, uncertainty="all", each=3, null_twins=True)
            found[device] = rows.tobytes(), draws.tobytes()
    assert found["cpu"] == found["gpu"]


@needs_compiler
def test_what_is_not_for_a_gpu_runs_on_the_processors_and_is_told(
    in_use: InUse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("R2PSIM_QUIET", raising=False)
    from r2psim.ensemble.python_policies import PythonPolicy

    class Nothing:
        def decide(self, view: object) -> list:
            return []

    driver = in_use()
    policy = PythonPolicy("hands-off", Nothing())
    options: dict[str, Any] = {"runs": 2, "seed": 7, "years": 1, "threads": 1, "events": (1,)}
    found = simulate("seminar", ["late-response", policy], device="gpu", **options)
    said = capsys.readouterr().err
    assert "policies in Python decide on the processors" in said and "events and their reasons are found on" in said
    assert driver.launched
    expected = simulate("seminar", ["late-response", policy], **options)
    assert differing(found, expected) == [] and found.events == expected.events


@needs_compiler
def test_a_run_that_is_left_gives_its_memory_back(in_use: InUse) -> None:
    driver = in_use()

    def stop(_: Block) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("seminar", POLICIES, 4, years=1, sink=stop, device="gpu")
    assert not driver.arrays


# -- what fails --------------------------------------------------------------------------------------------------------


def refused(driver: DriverOfC | None = None, **options: Any) -> str:
    with pytest.raises(DeviceError) as failed:
        simulate("seminar", POLICIES, 4, years=1, device="gpu", **options)
    said = str(failed.value)
    assert "\n" not in said and said.startswith("device gpu: ")
    assert driver is None or not driver.arrays
    return said


@needs_compiler
def test_failures_of_the_device_are_told_in_a_line(in_use: InUse) -> None:
    said = refused(in_use(memory=10**6))
    assert "memory" in said
    in_use(memory=4 * 10**6)
    with pytest.raises(DeviceMemoryError, match=r"has \d+ MB of memory free, and 32 runs of seminar take \d+ MB"):
        simulate("seminar", POLICIES, 4, years=1, device="gpu")
    assert "compute capability 5.2: 6.0 or later" in refused(in_use(capability=(5, 2)))
    for function, code, told in (
        ("cuInit", Code.CUDA_ERROR_NO_DEVICE, "finds no GPU"),
        ("cuLaunchKernel", Code.CUDA_ERROR_INVALID_VALUE, "cannot be launched: CUDA_ERROR_INVALID_VALUE"),
        ("cuCtxSynchronize", Code.CUDA_ERROR_LAUNCH_FAILED, "a kernel failed: CUDA_ERROR_LAUNCH_FAILED"),
        ("cuMemcpyDtoH", Code.CUDA_ERROR_LAUNCH_FAILED, "a kernel failed: CUDA_ERROR_LAUNCH_FAILED"),
    ):
        driver = in_use()
        driver.fails[function] = code
        assert told in refused(driver), function


def test_a_driver_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibrary(DriverOfC):
        def cuInit(self, flags: int) -> tuple[Any, ...]:  # noqa: N802
            raise RuntimeError("libcuda is not there")

    monkeypatch.setattr(runs, "open_device", lambda: Device(NoLibrary()))
    assert "no NVIDIA driver is installed" in refused()


@pytest.mark.parametrize("module", ["cuda.bindings", "cuda"])
def test_an_extra_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    said = refused()
    assert "cuda-bindings is not installed" in said and 'pip install "r2psim[gpu]"' in said


def test_a_compiler_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

    def missing() -> None:
        raise RuntimeError("no libnvrtc")

    monkeypatch.setattr(nvrtc, "nvrtcVersion", missing)
    monkeypatch.setattr(runs, "open_device", lambda: Device(DriverOfC()))
    said = refused()
    assert "nvidia-cuda-nvrtc-cu12 is not installed" in said and 'pip install "r2psim[gpu]"' in said


def test_nvidias_driver_has_the_functions_that_are_called() -> None:
    driver = pytest.importorskip("cuda.bindings.driver")
    called = [name for name in vars(DriverOfC) if name.startswith("cu")]
    assert len(called) > 15 and [name for name in called if not callable(getattr(driver, name, None))] == []
    for name in vars(DriverOfC.CUdevice_attribute):
        assert int(getattr(driver.CUdevice_attribute, name)) == getattr(DriverOfC.CUdevice_attribute, name)
    assert {int(code) for code in Code} <= {int(code) for code in driver.CUresult}


@pytest.mark.parametrize("own_values", [False, True])
def test_what_a_kernel_is_handed_is_no_larger_than_devices_allow(own_values: bool) -> None:
    assert ctypes.sizeof(layout_of(own_values).task()) <= 4096


def test_a_device_that_is_misspelt_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"device 'gpo' is not allowed: one of cpu, gpu \(did you mean gpu\?\)"):
        simulate("seminar", POLICIES, 2, years=1, device="gpo")
    with runs_on("gpu"):
        assert checked_device(None) == "gpu" and checked_device("cpu") == "cpu"
    assert checked_device(None) == "cpu"


# -- the command line --------------------------------------------------------------------------------------------------


def test_a_device_that_cannot_be_used_ends_a_command_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    out = tmp_path / "study"
    words = ["compare", "seminar", "--runs", "2", "--years", "1", "--device", "gpu", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["r2psim", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2 and len(told) == 1 and "cuda-bindings is not installed" in told[0]
    assert not out.exists()


def test_a_misspelt_device_is_refused_by_the_command_line() -> None:
    found = CliRunner().invoke(app, ["compare", "seminar", "--device", "gqu"])
    assert found.exit_code == 2 and "did you mean gpu" in found.output


@needs_compiler
def test_a_comparison_prints_the_same_on_both(in_use: InUse) -> None:
    words = ["compare", "seminar", "--runs", "6", "--years", "1", "--json", "--policies", ",".join(POLICIES)]
    driver = in_use()
    told = [CliRunner().invoke(app, [*words, *more]) for more in ([], ["--device", "gpu"])]
    assert [found.exit_code for found in told] == [0, 0]
    assert told[0].stdout == told[1].stdout and driver.launched


EXPERIMENT = """
schema = 1
name = "on-both"
scenario = "seminar"
policies = ["late-response", "prevention"]
runs = 6
[factors]
"observation.noise" = { low = 0.0, high = 0.6 }
[design]
kind = "latin-hypercube"
points = 2
"""


@needs_compiler
def test_a_batch_stores_the_same_parts_on_both(in_use: InUse, tmp_path: Path) -> None:
    file = tmp_path / "experiment.toml"
    file.write_text(EXPERIMENT, "utf-8")
    driver = in_use()
    stored = {}
    for device in ("cpu", "gpu"):
        out = tmp_path / device
        words = ["batch", str(file), "--out", str(out), "--executor", "serial", "--task-runs", "12", "--device", device]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0, found.output
        stored[device] = [part.read_bytes() for part in sorted((out / "runs").rglob("*.parquet"))]
    assert stored["cpu"] == stored["gpu"] and stored["cpu"] and driver.launched


# -- the benchmark -----------------------------------------------------------------------------------------------------


@needs_compiler
def test_the_benchmark_compares_bits_and_tells_how_many_times(
    in_use: InUse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "CASES", (bench.Case("seminar", 32, 8, 1),))
    monkeypatch.setattr(bench, "CHECKS", (bench.Check("seminar", 3, 1, "all"),))
    driver = in_use()
    assert bench.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["device"] == "Processor in place of a GPU" and driver.launched
    (check,), (case,) = found["checks"], found["cases"]
    assert check["agree"] and case["times"] == pytest.approx(case["cpu_a_pair"] / case["gpu_a_pair"])
    assert "the same bits" in bench.gpu_table(found) and "times the processors" in bench.gpu_table(found)


@needs_compiler
def test_the_benchmark_fails_where_bits_differ(in_use: InUse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "CHECKS", (bench.Check("seminar", 2, 1, "none"),))
    in_use()
    of_run = simulation._Ensemble.luck_of
    monkeypatch.setattr(
        simulation._Ensemble, "luck_of", lambda self, run: of_run(self, run) + (run == 1 and self.device == "gpu")
    )
    assert bench.main(["--bits"]) == 1


def test_the_benchmark_says_that_there_is_no_device(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    assert bench.main([]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("nothing is measured: device gpu: the package cuda-bindings is not")


# -- NVIDIA's compiler -------------------------------------------------------------------------------------------------


def test_machine_code_is_kept_under_the_name_of_its_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cuda.bindings.nvrtc")
    monkeypatch.setenv("R2PSIM_CACHE", str(tmp_path))
    monkeypatch.delenv("R2PSIM_QUIET", raising=False)
    calls: list[str] = []

    def compiled(text: str, architecture: str) -> bytes:
        calls.append(architecture)
        return f"machine code {len(calls)}".encode()

    monkeypatch.setattr(cubins, "compiled", compiled)
    monkeypatch.setattr(cubins, "source_of", lambda own: "text")
    assert [cubins.cubin_of(False, "sm_90") for _ in range(2)] == [b"machine code 1"] * 2
    assert "compiling the rules for the GPU" in capsys.readouterr().err
    assert cubins.cubin_of(True, "sm_90") != cubins.cubin_of(False, "sm_80")
    assert calls == ["sm_90", "sm_90", "sm_80"]
    # Damaged files are made again, and other options have another name.
    (kept,) = {file for file in tmp_path.rglob("*.cubin") if b"machine code 1" in file.read_bytes()}
    kept.write_bytes(kept.read_bytes()[:-3])
    assert cubins.cubin_of(False, "sm_90") == b"machine code 4"
    monkeypatch.setattr(cubins, "OPTIONS", (*cubins.OPTIONS, "--more"))
    assert cubins.cubin_of(False, "sm_90") == b"machine code 5"


@pytest.mark.parametrize("file", ["ensemble/gpu/kernels.cu", "ensemble/gpu/source.py", "translation/c_calls.py"])
def test_kept_machine_code_has_another_name_when_a_source_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")
    before = cubins._digest(nvrtc, False, "sm_90")
    for folder in ("ensemble/gpu", "translation"):
        shutil.copytree(cubins._PACKAGE / folder, tmp_path / folder)
    monkeypatch.setattr(cubins, "_PACKAGE", tmp_path)
    assert cubins._digest(nvrtc, False, "sm_90") == before
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes() + b"\n")
    assert cubins._digest(nvrtc, False, "sm_90") != before


def test_compiling_is_told_can_be_interrupted_and_fails_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cuda.bindings.nvrtc")
    monkeypatch.setenv("R2PSIM_CACHE", str(tmp_path))
    monkeypatch.delenv("R2PSIM_QUIET", raising=False)
    monkeypatch.setattr(cubins, "_TELL_SECONDS", 0.05)
    monkeypatch.setattr(cubins, "source_of", lambda own: "text")
    ends = threading.Event()

    def waits(text: str, architecture: str) -> bytes:
        ends.wait(30.0)
        return b"machine code"

    def interrupted(text: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(cubins, "compiled", waits)
    with monkeypatch.context() as while_it_lasts:
        while_it_lasts.setattr(cubins, "beside_bar", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cubins.cubin_of(False, "sm_90")
    ends.set()
    assert cubins.cubin_of(False, "sm_90") == b"machine code"
    monkeypatch.undo()
    monkeypatch.setenv("R2PSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(cubins, "source_of", lambda own: "no such kernel;")
    with pytest.raises(DeviceError) as failed:
        cubins.cubin_of(True, "sm_90")
    assert "cannot be compiled for sm_90: NVRTC_ERROR_COMPILATION" in str(failed.value)
    assert "r2psim.cu(1): error" in str(failed.value) and "\n" not in str(failed.value)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="NVIDIA's compiler is not made for macOS")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_nvidias_compiler_takes_the_kernels(architecture: str) -> None:
    code = cubins.compiled(cubins.source_of(architecture == "sm_90"), architecture)
    assert code[:4] == b"\x7fELF"
    for name in (*KERNELS, "reset", "note_end"):
        assert f".text.{name}".encode() in code
    # Where runs share their parameters these lie in a variable, which the driver must find by its name.
    assert architecture == "sm_90" or b"\0PARAMETERS\0" in code


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="NVIDIA's compiler is not made for macOS")
def test_nothing_is_fused_but_in_divisions_and_roots() -> None:
    # In PTX these are instructions of their own: so there is nothing fused at all.
    text = cubins.compiled(cubins.source_of(False), "compute_80").decode()
    assert text.count("div.rn.f64") > 50 and "mul.rn.f64" in text
    assert "fma.rn.f64" not in text
