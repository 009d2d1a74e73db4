"""omikuji: partitioned label trees. Options: fields of its hyper-parameters."""

import concurrent.futures

import omikuji
import scipy.sparse
from omikuji._libomikuji import ffi, lib

import stages

K = 5
BEAM = 10


def hyper_parameters(options):
    parameters = omikuji.Model.default_hyper_param()
    for name, value in options.items():
        setattr(parameters, name, value)
    return parameters


def predict_slice(model, x, first, last):
    """Straight to the library: the package's own predict() checks and sorts every row in Python first."""
    pool = lib.init_omikuji_thread_pool(1)
    labels, scores = ffi.new("uint32_t[]", K), ffi.new("float[]", K)
    indices, values = x.indices.astype("uint32"), x.data
    out = []
    for row in range(first, last):
        begin, end = x.indptr[row], x.indptr[row + 1]
        count = lib.omikuji_predict(model._model_ptr, BEAM, end - begin, ffi.from_buffer("uint32_t[]", indices[begin:end]),
                                    ffi.from_buffer("float[]", values[begin:end]), K, labels, scores, pool)
        out.append(list(labels[0:count]))
    lib.free_omikuji_thread_pool(pool)
    return out


def predict(model, x, threads):
    bounds = [x.shape[0] * part // threads for part in range(threads + 1)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        parts = pool.map(predict_slice, [model] * threads, [x] * threads, bounds[:-1], bounds[1:])
        return [labels for part in parts for labels in part]


def main():
    run = stages.task()
    run.note(version=stages.distribution_version("omikuji"))
    pool = lib.init_omikuji_thread_pool(run.threads)
    with run.stage("read"):
        data = lib.load_omikuji_data_set(str(run.forms / "train.txt").encode(), pool)
    if data == ffi.NULL:
        raise SystemExit("omikuji could not load the training data")
    with run.stage("train"):
        trained = lib.train_omikuji_model(data, hyper_parameters(run.options), pool)
    if trained == ffi.NULL:
        raise SystemExit("omikuji could not train")
    lib.free_omikuji_data_set(data)
    model = omikuji.Model(trained)
    model.save(run.model)
    with run.stage("read test"):
        x = scipy.sparse.load_npz(run.forms / "test-x.npz")
    with run.stage("predict"):
        rows = predict(model, x, run.threads)
    run.predicted(rows)


if __name__ == "__main__":
    main()
