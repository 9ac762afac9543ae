"""What a fitted model says of a memory-mapped file takes little memory beyond the result."""

import subprocess
import sys

import numpy as np
import pytest

N, N_FEATURES = 15_000, 784  # 45 MiB
MOST_MIB = 32
CALLS = {
    "GaussianBernoulliRBM(2)": "transform reconstruct free_energy score_samples score",
    "BernoulliRBM(2)": "transform reconstruct free_energy score_samples score",
    "VAE(2, hidden_sizes=(2,))": "transform encode reconstruct elbo kl",
    "ConditionalVAE(2, hidden_sizes=(2,))": "transform reconstruct",
    "SparseAutoencoder(0.1)": "transform reconstruct denoise score top_atoms",
}
# the memory of the process that is no file's, while another thread looks at it
CODE = """
import re, sys, threading
from pathlib import Path
import numpy as np
from harmonium import BernoulliRBM, ConditionalVAE, GaussianBernoulliRBM, SparseAutoencoder, VAE

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

class Watch(threading.Thread):
    def __enter__(self):
        self.before = self.peak = anonymous()
        self.ended = threading.Event()
        self.start()
        return self
    def run(self):
        while not self.ended.wait(0.001):
            self.peak = max(self.peak, anonymous())
    def __exit__(self, *_):
        self.ended.set()
        self.join()

mapped = np.load("rows.npy", mmap_mode="r")
few, y = np.random.default_rng(0).random((200, mapped.shape[1]), dtype=np.float32), np.arange(200) % 2
for line in sys.argv[1:]:
    made, methods = line.split(":")
    model = eval(made).set_params(n_epochs=1).fit(few, y)
    for method in methods.split():
        call = getattr(model, method)
        call(mapped[:1024])
        with Watch() as watch:
            result = call(mapped)
        parts = result if isinstance(result, tuple) else (result,)
        size = sum(np.asarray(part).nbytes for part in parts) / 2**20
        del result, parts
        print(type(model).__name__, method, round(watch.peak - watch.before - size))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process's own memory from that of mapped files")
def test_inference_leaves_the_file_on_the_disk(tmp_path):
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.float32, (N, N_FEATURES))
    rows[:] = np.linspace(0, 1, N_FEATURES, dtype=np.float32)
    rows.flush()
    command = [sys.executable, "-c", CODE, *(f"{made}: {methods}" for made, methods in CALLS.items())]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    assert len(said) == sum(len(methods.split()) for methods in CALLS.values())
    assert {f"{model}.{method}": mib for model, method, mib in said if int(mib) > MOST_MIB} == {}
