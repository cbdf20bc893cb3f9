"""Training and validation: which copies of which images stand on which side."""

from collections.abc import Sequence

import numpy as np

from nodes_unet.errors import InputError

BY_GROUP, AFTER_AUGMENTATION = RULES = ("group", "after augmentation")


def split_items(
    groups: Sequence[str], copies: int | Sequence[int], fraction: float, rule: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Divides a training split into training and validation.

    Args:
        groups: the group of each image (smear, plate, slide).
        copies: augmented copies of an image, itself included; one number, or one for each image.
        fraction: share of the validation side.
        rule: `"group"` keeps all images of a group on one side and validates on unaugmented images;
            `"after augmentation"` divides the augmented copies, as the paper's order of words suggests (Li et al. 2021,
            section 2), which puts copies of one image on both sides and makes val_loss look better than it is.
        seed: of the division.

    Returns:
        Training and validation items, (n, 2) int64 each: image number, copy number.

    Raises:
        InputError: an unknown rule, or too few groups to divide.
    """
    if rule == BY_GROUP:
        return _by_group(groups, copies, fraction, seed)
    if rule == AFTER_AUGMENTATION:
        items = np.random.default_rng(seed).permutation(all_copies(range(len(groups)), copies))
        if len(items) < 2:
            raise InputError(
                f"the training split has {len(groups)} image: at least 2 copies are needed to hold some out"
            )
        held_out = min(len(items) - 1, max(1, round(fraction * len(items))))
        return items[held_out:], items[:held_out]
    raise InputError(f"validation_split {rule!r} is none of {', '.join(RULES)}")


def all_copies(images: Sequence[int], copies: int | Sequence[int]) -> np.ndarray:
    """Every copy of every image, (n, 2) int64: image number, copy number.

    Args:
        images: numbers of images in their split.
        copies: of each; one number, or one for each image of the split.
    """
    of_image = {image: copies if isinstance(copies, int) else copies[image] for image in images}
    pairs = [(image, copy) for image, number in of_image.items() for copy in range(number)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _by_group(groups, copies, fraction, seed):
    names = sorted(set(groups))
    if len(names) < 2:
        raise InputError(
            f"the training split has {len(names)} group: at least 2 are needed to hold some out for validation"
        )
    shuffled = np.random.default_rng(seed).permutation(names)
    held_out = set(shuffled[: min(len(names) - 1, max(1, round(fraction * len(names))))])
    training = [image for image, group in enumerate(groups) if group not in held_out]
    validation = [image for image, group in enumerate(groups) if group in held_out]
    return all_copies(training, copies), all_copies(validation, 1)
