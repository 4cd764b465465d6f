"""The text as token ids: T5's unigram pieces, chosen as the picture pack chooses them, padded to 256.

The pack does not normalise the text beyond joining spaces, and reads (word:1.2) as a weight; captions have no brackets.
"""

import re

PAD, END, UNKNOWN = 0, 1, 2
SPACE = "\u2581"


class Tokenizer:
    """Encodes captions; vocabulary is {"pieces": [...], "scores": [...]} in id order."""

    def __init__(self, vocabulary: dict) -> None:
        self.scores = dict(zip(vocabulary["pieces"], vocabulary["scores"], strict=True))
        self.ids = {p: i for i, p in enumerate(vocabulary["pieces"])}
        self.unknown = min(vocabulary["scores"]) - 10
        self.longest = max(map(len, self.ids))

    def pieces(self, text: str) -> list[int]:
        """The ids of the best path through the text, without end mark and padding."""
        text = SPACE + re.sub(" {2,}", " ", text).replace(" ", SPACE)
        best: list[tuple[float, int, int] | None] = [(0.0, 0, 0)] + [None] * len(text)  # score so far, where from, id
        for i in range(len(text)):
            here = best[i]
            assert here
            alone = False
            for j in range(i + 1, min(len(text), i + self.longest) + 1):
                piece = text[i:j]
                if piece not in self.ids:
                    continue
                alone = alone or j == i + 1
                score = here[0] + self.scores[piece]
                if (there := best[j]) is None or score > there[0]:
                    best[j] = (score, i, self.ids[piece])
            if not alone and ((there := best[i + 1]) is None or here[0] + self.unknown > there[0]):
                best[i + 1] = (here[0] + self.unknown, i, UNKNOWN)
        out, at = [], len(text)
        while at:
            node = best[at]
            assert node
            out.append(node[2])
            at = node[1]
        return out[::-1]

    def encode(self, text: str, length: int = 256) -> list[int]:
        """length ids: pieces, end mark, padding."""
        ids = [*self.pieces(text)[: length - 1], END]
        return ids + [PAD] * (length - len(ids))
