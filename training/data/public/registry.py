"""The list of public sets: address, size, hash and converter of each; their terms stand in `sets`.

Sizes and hashes are those others published for the official files (named beside each); None where nobody did:
then the first download is recorded and later ones must equal it. Addresses on GitHub name a commit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from training.data.public import reviews, tweets
from training.data.public.download import RemoteFile
from training.data.public.reviews import Files
from training.data.public.rows import Row
from training.data.sets import SETS

_TWEETEVAL: Final = (
    "https://raw.githubusercontent.com/cardiffnlp/tweeteval/"
    "4fbd22cd78421f05b1ecdb4fc5725bc7a7bd8f66/datasets/sentiment/"
)
_ABSA: Final = "https://raw.githubusercontent.com/songyouwei/ABSA-PyTorch/9a7c6c1c993ad772d5f439d32af4899b6698ea67/datasets/"
_SENT_CONV: Final = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/"
    "d61ded09c99c0199d8c5bca946cd65864de2b296/data/raw/"
)
_VADER: Final = "https://github.com/cjhutto/vaderSentiment/raw/44fc044cd877310ee8278a0eadf34bcd50d41d06/additional_resources/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """One set. `files` is empty for a set that has no address a program may fetch: `by_hand` says what to do.

    `wanted` names the files the converter takes, as keys; `outputs` the corpora it makes.
    """

    name: str
    outputs: tuple[str, ...]
    about: str
    files: tuple[RemoteFile, ...] = ()
    wanted: tuple[str, ...] = ()
    by_hand: str = ""
    convert: Callable[[Files], dict[str, list[Row]]]

    @property
    def licence(self) -> str:
        """Its terms, as found with the data."""
        return SETS[self.outputs[0]].terms

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names under which the converter looks for its files."""
        return tuple(file.name for file in self.files) or self.wanted


PUBLIC_SETS: Final = (
    PublicSet(
        name="imdb",
        outputs=("imdb", "imdb_unsup"),
        about="Large Movie Review Dataset v1.0: 50,000 labelled, 50,000 unlabelled (Maas et al. 2011)",
        files=(
            RemoteFile(
                name="aclImdb_v1.tar.gz",
                url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                size=84_125_825,
                # As in Hugging Face's dataset_infos, Julia's CorpusLoaders and the scikit-learn examples.
                sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            ),
        ),
        convert=reviews.imdb,
    ),
    PublicSet(
        name="sst",
        outputs=("sst", "sst_phrases"),
        about="Stanford Sentiment Treebank: 11,855 sentences and their phrases (Socher et al. 2013)",
        files=(
            RemoteFile(
                name="trainDevTestTrees_PTB.zip",
                url="https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip",
                size=789_539,
                # As in Hugging Face's dataset_infos.
                sha256="5c613a4f673fc74097d523a2c83f38e0cc462984d847b82c7aaf36b01cbbbfcc",
            ),
        ),
        convert=reviews.sst,
    ),
    PublicSet(
        name="semeval2017",
        outputs=("semeval2017",),
        about="SemEval 2013-2016 task A tweets for training, TweetEval's SemEval-2017 dev and test",
        files=(
            RemoteFile(
                name="2017_English_final.zip",  # the link of alt.qcri.org/semeval2017/task4, "data and tools"
                url="https://www.dropbox.com/s/byzr8yoda6bua1b/2017_English_final.zip?dl=1",
            ),
            *(
                RemoteFile(name=name, url=_TWEETEVAL + name)
                for name in ("val_text.txt", "val_labels.txt", "test_text.txt", "test_labels.txt")
            ),
        ),
        convert=tweets.semeval2017,
    ),
    PublicSet(
        name="airline",
        outputs=("airline",),
        about="Twitter US Airline Sentiment: 14,640 tweets to six airlines (CrowdFlower 2015)",
        wanted=("Tweets.csv",),
        by_hand=(
            "sign in at https://www.kaggle.com/datasets/crowdflower/twitter-airline-sentiment, download, "
            "then `brand-train fetch sentiment --out DIR --set airline --from archive.zip` (or Tweets.csv)"
        ),
        convert=tweets.airline,
    ),
    PublicSet(
        name="sxsw",
        outputs=("sxsw",),
        about="Brands and Product Emotions: tweets about Apple and Google products (CrowdFlower, SXSW 2011)",
        wanted=("judge.csv",),
        by_hand=(
            "sign in at https://data.world/crowdflower/brands-and-product-emotions, download "
            "judge-1377884607_tweet_product_company.csv, then "
            "`brand-train fetch sentiment --out DIR --set sxsw --from FILE`"
        ),
        convert=tweets.sxsw,
    ),
    PublicSet(
        name="twitter_target",
        outputs=("twitter_target",),
        about="Target-dependent tweets, acl-14-short-data (Dong et al. 2014), as ABSA-PyTorch carries them",
        files=tuple(
            RemoteFile(name=name, url=f"{_ABSA}acl-14-short-data/{name}")
            for name in ("train.raw", "test.raw")
        ),
        convert=tweets.twitter_target,
    ),
    PublicSet(
        name="semeval14_aspect",
        outputs=("semeval14_aspect",),
        about="SemEval-2014 task 4, laptops and restaurants, as ABSA-PyTorch carries them; the official copy "
        "at metashare.ilsp.gr wants a signed-in user",
        files=tuple(
            RemoteFile(name=f"{part}.xml.seg", url=f"{_ABSA}semeval14/{part}.xml.seg")
            for part in ("Laptops_Train", "Restaurants_Train", "Laptops_Test_Gold", "Restaurants_Test_Gold")
        ),
        convert=tweets.semeval14_aspect,
    ),
    PublicSet(
        name="uci_sentences",
        outputs=("uci_sentences",),
        about="Sentiment Labelled Sentences: 3 x 1,000 of Amazon, IMDB, Yelp (Kotzias et al. 2015)",
        files=(
            RemoteFile(
                name="sentiment+labelled+sentences.zip",
                url="https://archive.ics.uci.edu/static/public/331/sentiment+labelled+sentences.zip",
                # Pinned alike by several public projects; UCI itself publishes none.
                sha256="afc26626d710899948693e1a61405dce197f57ffa719fa1130d346b4cc095343",
            ),
        ),
        convert=reviews.uci_sentences,
    ),
    PublicSet(
        name="cr",
        outputs=("cr",),
        about="Customer Reviews, product sentences (Hu & Liu 2004), as harvardnlp/sent-conv-torch has them",
        files=tuple(RemoteFile(name=name, url=_SENT_CONV + name) for name in ("custrev.pos", "custrev.neg")),
        convert=reviews.customer_reviews,
    ),
    PublicSet(
        name="vader_groundtruth",
        outputs=("vader_groundtruth",),
        about="23,703 snippets with mean human rating (Hutto & Gilbert 2014)",
        files=(RemoteFile(name="hutto_ICWSM_2014.tar.gz", url=_VADER + "hutto_ICWSM_2014.tar.gz"),),
        convert=tweets.vader_groundtruth,
    ),
    PublicSet(
        name="financial_phrasebank",
        outputs=("financial_phrasebank",),
        about="Financial PhraseBank v1.0: 4,846 sentences of finance news (Malo et al. 2014), author's copy",
        files=(
            RemoteFile(
                name="FinancialPhraseBank-v1.0.zip",
                url=(
                    "https://huggingface.co/datasets/takala/financial_phrasebank/resolve/main/data/"
                    "FinancialPhraseBank-v1.0.zip"
                ),
                # The repository's LFS metadata.
                sha256="0e1a06c4900fdae46091d031068601e3773ba067c7cecb5b0da1dcba5ce989a6",
            ),
        ),
        convert=reviews.financial_phrasebank,
    ),
)
