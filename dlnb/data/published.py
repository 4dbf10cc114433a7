"""The published data sets: authors, licences and addresses of the files, as stated on the authors' pages.

Checksums of SmallNORB and 3D Shapes are those recorded by TensorFlow Datasets. For dSprites, Cars3D and MPI3D only MD5
sums were found, for the painting none: the study's copy is not known, and Wikimedia Commons replaces a picture by a
better one under the same address. It is decoded instead, and the checksum of the download is kept.
"""

from dataclasses import dataclass

from dlnb.data.downloads import File
from dlnb.data.formats import decode


@dataclass(frozen=True)
class Published:
    """A published work: what it is, its licence, the publication to cite, and its files."""

    what: str
    licence: str
    citation: str
    files: tuple[File, ...]

    @property
    def about(self) -> str:
        return f"{self.what}; licence: {self.licence}; {self.citation}."


def _norb(name: str, checksum: str, size: int) -> File:
    name = f"smallnorb-{name}.mat.gz"
    urls = tuple(
        f"{host}/~ylclab/data/norb-v1.0-small/{name}" for host in ("https://cs.nyu.edu", "http://www.cs.nyu.edu")
    )
    return File(name, urls, f"sha256:{checksum}", size)


def _mpi3d(which: str, what: str, checksum: str) -> Published:
    name = f"mpi3d_{which}.npz"
    url = f"https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/{name}"
    return Published(
        f"The 1,036,800 published images of MPI3D {which}, {what} of a robot arm that holds an object",
        "CC BY 4.0",
        "Gondal et al. 2019, On the transfer of inductive bias from simulation to the real world: a new "
        "disentanglement dataset",
        (File(name, (url,), f"md5:{checksum}", most=2 * 10**10),),
    )


_SPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_TRAINING, _TESTING = "5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing"
FILES = {
    "dsprites": Published(
        "The 737,280 published images of dSprites, white sprites on black",
        "Apache-2.0",
        "Matthey, Higgins, Hassabis and Lerchner 2017, dSprites: disentanglement testing sprites dataset",
        (
            File(
                _SPRITES,
                (
                    f"https://github.com/google-deepmind/dsprites-dataset/raw/master/{_SPRITES}",
                    f"https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/master/{_SPRITES}",
                ),
                "md5:7da33b31b13a06f4b04a70402ce90c2e",
            ),
        ),
    ),
    "shapes3d": Published(
        "The 480,000 published images of 3D Shapes, an object in a coloured room",
        "Apache-2.0",
        "Burgess and Kim 2018, 3D Shapes dataset",
        (
            File(
                "3dshapes.h5",
                ("https://storage.googleapis.com/3d-shapes/3dshapes.h5",),
                "sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
                267_573_662,
            ),
        ),
    ),
    "cars3d": Published(
        "The 17,568 published images of Cars3D, renderings of 183 car models",
        "none stated",
        "Reed, Zhang, Zhang and Lee 2015, Deep visual analogy-making",
        (
            File(
                "nips2015-analogy-data.tar.gz",
                ("http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",),
                "md5:4e866a7919c1beedf53964e6f7a23686",
            ),
        ),
    ),
    "smallnorb": Published(
        "The 48,600 published photographs of 50 toys of small NORB, left camera",
        "for research purposes, cannot be sold",
        "LeCun, Huang and Bottou 2004, Learning methods for generic object recognition with invariance to pose and "
        "lighting",
        (
            _norb(f"{_TRAINING}-dat", "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873", 131_896_188),
            _norb(f"{_TRAINING}-cat", "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa", 348),
            _norb(f"{_TRAINING}-info", "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32", 71_052),
            _norb(f"{_TESTING}-dat", "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474", 130_799_817),
            _norb(f"{_TESTING}-cat", "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff", 347),
            _norb(f"{_TESTING}-info", "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2", 10_428),
        ),
    ),
    "mpi3d_toy": _mpi3d("toy", "simple drawings", "55889cb7c7dfc655d6e0277beee88868"),
    "mpi3d_realistic": _mpi3d("realistic", "realistic drawings", "59a6225b88b635365f70c91b3e52f70f"),
    "mpi3d_real": _mpi3d("real", "photographs", "0f33f609918fb5c97996692f91129802"),
    "painting": Published(
        "The painting whose parts are the backgrounds of Scream dSprites",
        "public domain",
        "Munch 1893, The Scream",
        (
            File(
                "The_Scream.jpg",
                (
                    "https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",
                    "https://commons.wikimedia.org/wiki/Special:FilePath/The_Scream.jpg",
                ),
                None,
                most=10**8,
                decode=decode,
            ),
        ),
    ),
}
