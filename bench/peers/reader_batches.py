"""Batches of the reader's peer: documents of words in, tensors and predictions out."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from reader_twin import Reader, Sizes, beam_size

ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"'}
TYPES = ["Task", "Method", "Metric", "Material", "OtherScientificTerm", "Generic"]
LABELS = ["USED-FOR", "FEATURE-OF", "HYPONYM-OF", "PART-OF", "EVALUATE-FOR", "COMPARE", "CONJUNCTION"]
BUCKETS = torch.tensor([0, 1, 2, 3, 4] + [5] * 3 + [6] * 8 + [7] * 16 + [8] * 32 + [9] * 192)


def comparable(word: str) -> str:
    """Lower case, a plural s cut off: what two mentions are compared by."""
    lower = word.lower()
    return lower[:-1] if len(lower) > 3 and lower.endswith("s") and not lower.endswith("ss") else lower


@dataclass
class Document:
    """Subwords and spans of one document; word numbers count over the document."""

    words: list[str]
    ids: np.ndarray
    token_word: np.ndarray
    sentences: list[tuple[int, int]]
    first: np.ndarray  # of every span, sentence by sentence
    width: np.ndarray
    bounds: list[tuple[int, int]]  # spans of every sentence
    gold: dict = field(default_factory=dict)


def prepare(tokenizer, document: dict, sizes: Sizes) -> Document:
    words = [ESCAPES.get(w, w) for sentence in document["sentences"] for w in sentence]
    encoded = tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    ids = np.array([cls, *encoded.ids, sep])
    token_word = np.array([-1, *encoded.word_ids, -1])
    if len(set(encoded.word_ids)) != len(words):
        raise ValueError("reader peer: expected every word to have subwords; leave such documents out of the bench")
    sentences, bounds, firsts, widths, at, count = [], [], [], [], 0, 0
    for sentence in document["sentences"]:
        end = at + len(sentence)
        reach = np.minimum(sizes.widths, end - np.arange(at, end))
        firsts.append(np.repeat(np.arange(at, end), reach))
        widths.append(np.concatenate([np.arange(n) for n in reach]))
        sentences.append((at, end))
        bounds.append((count, count + len(firsts[-1])))
        at, count = end, bounds[-1][1]
    return Document([comparable(w) for w in words], ids, token_word, sentences, np.concatenate(firsts), np.concatenate(widths), bounds, document)


@dataclass
class Batch:
    ids: Tensor
    mask: Tensor
    in_word: Tensor
    token_word: Tensor
    word_first: Tensor
    word_last: Tensor
    words: int
    cells: Tensor
    strings: Tensor
    last_words: Tensor
    documents: list[tuple[int, int]]  # spans of every document


def collate(documents: list[Document], sizes: Sizes) -> Batch:
    seq = max(len(d.ids) for d in documents)
    total = sum(len(d.words) for d in documents)
    ids = np.zeros((len(documents), seq), np.int64)
    token_word = np.full((len(documents), seq), total)
    cells, bounds, strings, last_words = [], [], [], []
    numbers: dict[str, int] = {}
    number = lambda text: numbers.setdefault(text, len(numbers))
    offset = spans = 0
    for row, d in enumerate(documents):
        n = len(d.ids)
        ids[row, :n] = d.ids
        token_word[row, :n] = np.where(d.token_word < 0, total, d.token_word + offset)
        cells.append((d.first + offset) * sizes.widths + d.width)
        bounds.append((spans, spans + len(d.first)))
        strings += [number(" ".join(d.words[a : a + w + 1])) for a, w in zip(d.first.tolist(), d.width.tolist())]
        last_words += [number(d.words[a + w]) for a, w in zip(d.first.tolist(), d.width.tolist())]
        offset, spans = offset + len(d.words), bounds[-1][1]
    lengths = np.array([len(d.ids) for d in documents])
    flat = token_word.reshape(-1)
    positions = np.arange(flat.size)
    inside = flat < total
    first, last = np.full(total, flat.size), np.full(total, -1)
    np.minimum.at(first, flat[inside], positions[inside])
    np.maximum.at(last, flat[inside], positions[inside])
    t = torch.from_numpy
    return Batch(
        ids=t(ids),
        mask=t(np.arange(seq) < lengths[:, None]),
        in_word=t(token_word < total),
        token_word=t(flat),
        word_first=t(first),
        word_last=t(last),
        words=total,
        cells=t(np.concatenate(cells)),
        strings=torch.tensor(strings),
        last_words=torch.tensor(last_words),
        documents=bounds,
    )


def padded(groups: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    most = max(b - a for a, b in groups)
    start = torch.tensor([a for a, _ in groups])[:, None]
    mask = torch.arange(most) < torch.tensor([b - a for a, b in groups])[:, None]
    return (start + torch.arange(most)).where(mask, 0), mask


def slots_of(beams: list[int]) -> Tensor:
    """Positions within the flattened [groups, beam] that are within a beam."""
    beam = max(beams)
    return torch.cat([torch.arange(size) + i * beam for i, size in enumerate(beams)])


def pairs_of(beams: list[int]) -> tuple[Tensor, Tensor]:
    """All ordered pairs within each beam, a span with itself included."""
    left, right, offset = [], [], 0
    for size in beams:
        here = torch.arange(size) + offset
        left.append(here.repeat_interleave(size))
        right.append(here.repeat(size))
        offset += size
    return torch.cat(left), torch.cat(right)


def earlier_pairs(beams: list[int], most: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs (anaphor, antecedent) of each beam, at most `most` antecedents for a mention, and the buckets of their distances."""
    anaphors, antecedents, offset = [], [], 0
    for size in beams:
        i, j = torch.tril_indices(size, size, -1)
        near = i - j <= most
        anaphors.append(i[near] + offset)
        antecedents.append(j[near] + offset)
        offset += size
    a, b = torch.cat(anaphors), torch.cat(antecedents)
    return a, b, BUCKETS[(a - b).clamp(max=len(BUCKETS) - 1)]


def training_batch(documents: list[Document], sizes: Sizes) -> Batch:
    """A batch with beams, pairs and gold labels."""
    b = collate(documents, sizes)
    sentence_bounds, relation_beams, mention_beams = [], [], []
    labels, clusters = torch.zeros(len(b.cells), dtype=torch.long), torch.zeros(len(b.cells) + 1, dtype=torch.long)
    gold: dict[int, int] = {}
    cluster = 0
    for d, (start, end) in zip(documents, b.documents):
        for (first, last), (x, y) in zip(d.sentences, d.bounds):
            sentence_bounds.append((x + start, y + start))
            relation_beams.append(beam_size(sizes.relation_ratio, last - first, y - x))
        mention_beams.append(beam_size(sizes.coreference_ratio, len(d.words), end - start))
        place = {(a, a + w): i + start for i, (a, w) in enumerate(zip(d.first.tolist(), d.width.tolist()))}
        for a, z, label in (one for sentence in d.gold["ner"] for one in sentence):
            if (a, z) in place:
                labels[place[a, z]] = 1 + TYPES.index(label)
        for mentions in d.gold["clusters"]:
            cluster += 1
            for a, z in mentions:
                if (a, z) in place:
                    clusters[place[a, z]] = cluster
        for a, z, c, e, label in (one for sentence in d.gold["relations"] for one in sentence):
            if (a, z) in place and (c, e) in place:
                gold.setdefault(place[a, z] * len(b.cells) + place[c, e], 1 + LABELS.index(label))
    b.sentence_spans, b.sentence_mask = padded(sentence_bounds)
    b.document_spans, b.document_mask = padded(b.documents)
    b.relation_beam, b.relation_slots, b.pairs = max(relation_beams), slots_of(relation_beams), pairs_of(relation_beams)
    b.mention_beam, b.mention_slots = max(mention_beams), slots_of(mention_beams)
    b.mention_mask = torch.arange(b.mention_beam) < torch.tensor(mention_beams)[:, None]
    *b.mention_pairs, b.mention_buckets = earlier_pairs(mention_beams, sizes.antecedents)
    b.candidates = max(1, min(sizes.antecedents, b.mention_beam - 1))
    b.entity_labels, b.clusters = labels, clusters
    ordered = sorted(gold) or [-1]
    b.gold_pairs, b.gold_labels = torch.tensor(ordered), torch.tensor([gold.get(key, 0) for key in ordered])
    return b


def disjoint(spans: list[tuple[int, int, int, float]]) -> list[tuple[int, int, int, float]]:
    """The spans (first, last, label, score) of the greatest total score among those that do not overlap."""
    spans = sorted(spans, key=lambda s: (s[1], s[0]))
    ends = [s[1] for s in spans]
    best, choice = [0.0], []
    for i, (first, _, _, score) in enumerate(spans):
        before = bisect_left(ends, first, 0, i)
        taken = best[before] + score
        choice.append(before if taken > best[-1] else None)
        best.append(max(taken, best[-1]))
    chosen, i = [], len(spans)
    while i:
        if choice[i - 1] is None:
            i -= 1
        else:
            chosen.append(spans[i - 1])
            i = choice[i - 1]
    return chosen[::-1]


def uncrossed(order: list[int], first: list[int], last: list[int], most: int) -> list[int]:
    """The best `most` spans that do not cross one another, sorted by position. `order`: spans, best first."""
    starts: dict[int, int] = {}  # first word → furthest last word of a kept span
    ends: dict[int, int] = {}  # last word → earliest first word
    kept: list[int] = []
    for span in order:
        a, z = first[span], last[span]
        if any(starts.get(word, -1) > z for word in range(a + 1, z + 1)) or any(ends.get(word, a) < a for word in range(a, z)):
            continue
        kept.append(span)
        starts[a] = max(starts.get(a, -1), z)
        ends[z] = min(ends.get(z, a), a)
        if len(kept) == most:
            break
    return sorted(kept)


@torch.inference_mode()
def predict(model: Reader, documents: list[Document]) -> list[dict]:
    """Entities, relations and clusters of every document, decoded as sciie does: disjoint entities, best label of a pair, closure of best antecedents."""
    sizes = model.sizes
    b = collate(documents, sizes)
    scores = model.spans(b)
    relation_order = scores.relation_beam.float()
    mention_scores = scores.coreference_mention.float()
    value, label = scores.entity.float().max(1)
    probability = scores.entity.float().softmax(1).amax(1)
    beams, relation_spans, mentions, mention_beams, out = [], [], [], [], []
    for d, (start, end) in zip(documents, b.documents):
        first, last = d.first.tolist(), (d.first + d.width).tolist()
        hits = (label[start:end] > 0).nonzero().flatten().tolist()
        scored = [(first[i], last[i], int(label[start + i]), float(value[start + i])) for i in hits]
        certain = {(first[i], last[i]): p for i, p in zip(hits, probability[start:end][hits].tolist())}
        entities = [(a, z, TYPES[k - 1], certain[a, z]) for a, z, k, _ in disjoint(scored)]
        out.append({"entities": entities, "relations": [], "clusters": []})
        for (x, y), (p, q) in zip(d.sentences, d.bounds):
            size = beam_size(sizes.relation_ratio, y - x, q - p)
            beams.append(size)
            relation_spans.append(relation_order[start + p : start + q].topk(size).indices + start + p)
        order = mention_scores[start:end].argsort(descending=True).tolist()
        kept = uncrossed(order, first, last, beam_size(sizes.coreference_ratio, len(d.words), end - start))
        mention_beams.append(len(kept))
        mentions += [start + i for i in kept]
    spans = torch.cat(relation_spans)
    subjects, objects = pairs_of(beams)
    found = model.relations(b, scores, spans, subjects, objects).float()
    best, sure = found.argmax(1), found.softmax(1).amax(1)
    hits = ((best > 0) & (subjects != objects)).nonzero().flatten()
    owner = torch.bucketize(spans, torch.tensor([end for _, end in b.documents]), right=True)
    for s, o, k, p in zip(subjects[hits].tolist(), objects[hits].tolist(), best[hits].tolist(), sure[hits].tolist()):
        row = int(owner[s])
        d, start = documents[row], b.documents[row][0]
        i, j = int(spans[s]) - start, int(spans[o]) - start
        ends = lambda x: (int(d.first[x]), int(d.first[x] + d.width[x]))
        out[row]["relations"].append((*ends(i), *ends(j), LABELS[k - 1], p))
    kept = torch.tensor(mentions)
    anaphors, antecedents, buckets = earlier_pairs(mention_beams, sizes.antecedents)
    linked = model.antecedents(b, scores, kept, anaphors, antecedents, buckets).float()
    table = linked.new_full((len(kept), max(mention_beams) + 1), -1e30)
    table[:, 0] = 0
    table[anaphors, anaphors - antecedents] = linked
    back = table.argmax(1).tolist()
    offset = 0
    for row, size in enumerate(mention_beams):
        d, start = documents[row], b.documents[row][0]
        member: dict[int, list] = {}
        for i in range(offset, offset + size):
            if back[i]:
                j = i - back[i]
                cluster = member.setdefault(j, [j])
                if cluster == [j]:
                    out[row]["clusters"].append(cluster)
                cluster.append(i)
                member[i] = cluster
        ends = lambda i: (int(d.first[mentions[i] - start]), int(d.first[mentions[i] - start] + d.width[mentions[i] - start]))
        out[row]["clusters"] = [[ends(i) for i in cluster] for cluster in out[row]["clusters"]]
        offset += size
    return out
