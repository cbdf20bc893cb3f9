"""What is in a dataset file, in numbers."""

from collections import Counter

import numpy as np

from nodes_unet.data.store import Dataset


def summarise(dataset: Dataset) -> dict:
    """Description and contents of a dataset, after its digest has been checked; reads every mask.

    Returns:
        Plain values: the attributes, and for each split the number of images and groups, the sizes, the number of
        images of each kind and of cells where those are known, and the share of pixels of each class (of instance
        masks: the number of instances).

    Raises:
        InputError: the content is not what the digest says.
    """
    dataset.verify()
    return {
        "file": str(dataset.path),
        "name": dataset.name,
        "role": dataset.role,
        "classes": list(dataset.classes),
        "source": dataset.origin,
        "licence": dataset.licence,
        "pixel_size": dataset.pixel_size,
        "rules": dataset.rules,
        "digest": dataset.digest,
        "splits": {name: _summarise(split, dataset.classes) for name, split in dataset.splits.items()},
    }


def _summarise(split, classes) -> dict:
    counts, sizes, instances = np.zeros(len(classes), np.int64), Counter(), 0
    for number in range(len(split)):
        mask = split.mask(number)
        sizes[f"{mask.shape[1]}x{mask.shape[0]}"] += 1
        if mask.dtype == np.uint8:
            counts += np.bincount(mask.ravel(), minlength=len(classes))
        else:
            instances += np.unique(mask[mask > 0]).size
    described = {"images": len(split), "groups": len(set(split.groups)), "sizes": dict(sizes)}
    if any(split.kinds):
        described["kinds"] = {kind or "others": number for kind, number in Counter(split.kinds).items()}
    if split.counts is not None:
        described["cells"] = dict(zip(classes[1:], split.counts.sum(axis=0).tolist(), strict=True))
    if not counts.any():
        return described | {"instances": instances}
    return described | {"class shares": dict(zip(classes, (counts / counts.sum()).round(4).tolist(), strict=True))}
