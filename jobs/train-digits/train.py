"""Trains a classifier on the digits data set and writes model.joblib, metrics.json and confusion-matrix.png.

Files go to $MAYFLY_OUTPUTS, or to ./out when it is not set.
"""

import argparse
import json
import os
import pathlib
import struct
import sys
import time
import zlib

import joblib
import sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC


def png(path, rows):
    """Writes rows of (red, green, blue) as a PNG: nothing else here needs a drawing library."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width = len(rows), len(rows[0])
    raw = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def draw_confusion(path, matrix, cell=32):
    """One square per (true, predicted) pair: right answers green, mistakes red, empty cells white."""
    most_right = max(1, max(matrix[i][i] for i in range(len(matrix))))
    most_wrong = max(
        1, max(count for i, row in enumerate(matrix) for j, count in enumerate(row) if i != j)
    )
    rows = []
    for i, counts in enumerate(matrix):
        line = []
        for j, count in enumerate(counts):
            if count == 0:
                colour = (255, 255, 255)
            elif i == j:
                fade = int(200 * (1 - count / most_right))
                colour = (fade, 140 + fade // 4, fade)
            else:
                fade = int(180 * (1 - count / most_wrong))
                colour = (220, fade, fade)
            line += [colour] * (cell - 1) + [(200, 200, 200)]
        rows += [line] * (cell - 1) + [[(200, 200, 200)] * len(line)]
    png(path, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the split into training and test data")
    parser.add_argument("--neighbours", type=int, help="use k nearest neighbours instead of a support vector machine")
    arguments = parser.parse_args()

    output = pathlib.Path(os.environ.get("MAYFLY_OUTPUTS") or "out")
    output.mkdir(parents=True, exist_ok=True)

    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=arguments.seed, stratify=digits.target
    )
    print(f"scikit-learn {sklearn.__version__}: {len(train_x)} images to learn from, {len(test_x)} to test on")

    classifier = KNeighborsClassifier(arguments.neighbours) if arguments.neighbours else SVC(C=10, gamma=0.05)
    model = make_pipeline(MinMaxScaler(), classifier)
    started = time.monotonic()
    model.fit(train_x, train_y)
    seconds = time.monotonic() - started

    predicted = model.predict(test_x)
    accuracy = float(accuracy_score(test_y, predicted))
    matrix = confusion_matrix(test_y, predicted).tolist()

    joblib.dump(model, output / "model.joblib", compress=3)
    metrics = {
        "accuracy": round(accuracy, 4),
        "train_seconds": round(seconds, 3),
        "train_images": len(train_x),
        "test_images": len(test_x),
        "model": type(classifier).__name__,
        "confusion_matrix": matrix,
    }
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    draw_confusion(output / "confusion-matrix.png", matrix)
    print(f"accuracy {accuracy:.4f} after {seconds:.2f} s of training")
    return 0 if accuracy >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
