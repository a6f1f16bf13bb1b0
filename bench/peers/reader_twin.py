"""The reader in PyTorch: the same model and the same pruning as src/read/model, written the way PyTorch likes it.

Parameters carry the names of our files, so one file of weights serves both sides. What differs is layout alone: query, key and value are one
product, pairs are flat lists instead of tiles, look-ups are index_select (whose gradient is faster than that of advanced indexing).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ENTITIES = 6
RELATIONS = 7
REACH = 11
NEVER = -1e30


@dataclass(frozen=True)
class Sizes:
    vocab: int
    hidden: int
    layers: int
    heads: int
    encoder_ffn: int
    positions: int
    epsilon: float
    widths: int
    ffn: int
    projection: int
    features: int
    relation_ratio: float
    coreference_ratio: float
    antecedents: int


def rows(table: Tensor, index: Tensor) -> Tensor:
    return table.index_select(0, index.reshape(-1)).view(*index.shape, *table.shape[1:])


class Block(nn.Module):
    def __init__(self, s: Sizes, dropout: float):
        super().__init__()
        self.heads, self.dropout = s.heads, dropout
        self.qkv = nn.Linear(s.hidden, 3 * s.hidden)
        self.out = nn.Linear(s.hidden, s.hidden)
        self.norm1 = nn.LayerNorm(s.hidden, eps=s.epsilon)
        self.up = nn.Linear(s.hidden, s.encoder_ffn)
        self.down = nn.Linear(s.encoder_ffn, s.hidden)
        self.norm2 = nn.LayerNorm(s.hidden, eps=s.epsilon)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        batch, seq, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, seq, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(batch, seq, hidden)
        x = self.norm1(x + F.dropout(self.out(attended), self.dropout, self.training))
        return self.norm2(x + F.dropout(self.down(F.gelu(self.up(x))), self.dropout, self.training))


class Encoder(nn.Module):
    def __init__(self, s: Sizes, dropout: float):
        super().__init__()
        self.dropout = dropout
        self.word = nn.Embedding(s.vocab, s.hidden).requires_grad_(False)
        self.position = nn.Embedding(s.positions, s.hidden)
        self.kind = nn.Embedding(2, s.hidden)
        self.norm = nn.LayerNorm(s.hidden, eps=s.epsilon)
        self.blocks = nn.ModuleList(Block(s, dropout) for _ in range(s.layers))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.norm(self.word(ids) + (self.position.weight[: ids.shape[1]] + self.kind.weight[0]))
        x = F.dropout(x, self.dropout, self.training)
        bias = None if bool(mask.all()) else mask[:, None, None, :]
        for block in self.blocks:
            x = block(x, bias)
        return x


class Scorer(nn.Module):
    """The second hidden layer and the output of a scorer; the first layer is factored over words (or slots) by its owner."""

    def __init__(self, ffn: int, out: int, dropout: float):
        super().__init__()
        self.dropout = dropout
        self.inner = nn.Linear(ffn, ffn)
        self.out = nn.Linear(ffn, out)

    def forward(self, first: Tensor) -> Tensor:
        return self.out(F.dropout(F.relu(self.inner(first)), self.dropout, self.training))


@dataclass
class Scores:
    """Of the spans of a batch, in the order of `Batch.cells`."""

    hidden: Tensor  # [tokens, hidden]
    word_sums: Tensor  # [words, hidden + 1]
    entity: Tensor  # [spans, 7], the null label first
    relation_mention: Tensor  # [spans]
    relation_beam: Tensor  # [spans] what the beam of relations is chosen by, without gradient
    coreference_mention: Tensor  # [spans]


class Reader(nn.Module):
    def __init__(self, s: Sizes, encoder_dropout=0.0, token_dropout=0.0, hidden_dropout=0.0):
        super().__init__()
        self.sizes, self.token_dropout, self.hidden_dropout = s, token_dropout, hidden_dropout
        ffn, wide, p = s.ffn, 3 * s.ffn, s.projection
        span, believed = 3 * s.hidden + s.features, ENTITIES + 1
        self.encoder = Encoder(s, encoder_dropout)
        self.width = nn.Embedding(s.widths, s.features)
        self.attention = nn.Linear(s.hidden, 1)
        self.start = nn.Linear(s.hidden, wide, bias=False)
        self.end = nn.Linear(s.hidden, wide, bias=False)
        self.head = nn.Linear(s.hidden, wide, bias=False)
        self.up = nn.Linear(s.features, wide)
        self.scorers = nn.ModuleList(Scorer(ffn, out, hidden_dropout) for out in (ENTITIES, 1, 1))
        self.subject, self.object, self.mention = (nn.Linear(span, p) for _ in range(3))
        self.by_subject, self.by_object = (nn.Linear(p + believed, ffn, bias=False) for _ in range(2))
        self.by_product = nn.Linear(p, ffn, bias=False)
        self.by_context = nn.Linear(s.hidden, ffn, bias=False)
        self.word_distance = nn.Embedding(2 * REACH + 1, s.features)
        self.by_word_distance = nn.Linear(s.features, ffn)
        self.relation = Scorer(ffn, RELATIONS, hidden_dropout)
        self.by_anaphor, self.by_antecedent = (nn.Linear(p + believed, ffn, bias=False) for _ in range(2))
        self.by_mention_product = nn.Linear(p, ffn, bias=False)
        self.mention_distance, self.match = nn.Embedding(10, s.features), nn.Embedding(4, s.features)
        self.by_mention_distance, self.by_match = nn.Linear(s.features, ffn), nn.Linear(s.features, ffn, bias=False)
        self.coreference = Scorer(ffn, 1, hidden_dropout)

    def drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.hidden_dropout, self.training)

    def spans(self, b) -> Scores:
        """Encodes a batch and scores every span. The head attention of a span is a ratio of sums over its words, so widths build on one another."""
        widths, ffn = self.sizes.widths, self.sizes.ffn
        hidden = F.dropout(self.encoder(b.ids, b.mask), self.token_dropout, self.training)
        score = self.attention(hidden).squeeze(-1).masked_fill(~b.in_word, NEVER)
        weight = torch.exp(score - score.amax(1, keepdim=True).detach()).reshape(-1, 1)
        hidden = hidden.reshape(-1, self.sizes.hidden)
        sums = hidden.new_zeros(b.words + 1, self.sizes.hidden + 1).index_add(0, b.token_word, torch.cat([hidden * weight, weight], 1))[:-1]
        start, end = self.start(rows(hidden, b.word_first)), self.end(rows(hidden, b.word_last))
        heads, weights = self.head(sums[:, :-1]), sums[:, -1:]
        reach = lambda x: F.pad(x, (0, 0, 0, widths - 1))
        ends, far_heads, far_weights = reach(end), reach(heads), reach(weights)
        by_width = self.up(self.width.weight)
        grid = []
        for k in range(widths):
            if k:
                heads, weights = heads + far_heads[k : k + b.words], weights + far_weights[k : k + b.words]
            grid.append(start + ends[k : k + b.words] + by_width[k] + heads / weights.clamp(min=1e-30))
        first = self.drop(F.relu(rows(torch.stack(grid, 1).flatten(0, 1), b.cells)))
        entity, relation, coreference = (scorer(part) for scorer, part in zip(self.scorers, first.split(ffn, 1)))
        beam = relation.detach().squeeze(1) + entity.detach().amax(1)
        return Scores(hidden, sums, F.pad(entity, (1, 0)), relation.squeeze(1), beam, coreference.squeeze(1))

    def vectors(self, b, scores: Scores, spans: Tensor) -> Tensor:
        cells = rows(b.cells, spans)
        word, width = cells // self.sizes.widths, cells % self.sizes.widths
        last = word + width
        steps = torch.arange(self.sizes.widths)
        within = (word[:, None] + steps).clamp(max=b.words - 1)
        total = (rows(scores.word_sums, within) * (steps <= width[:, None])[..., None]).sum(1)
        head = total[:, :-1] / total[:, -1:].clamp(min=1e-30)
        first_state, last_state = rows(scores.hidden, rows(b.word_first, word)), rows(scores.hidden, rows(b.word_last, last))
        return torch.cat([first_state, last_state, head, self.width(width)], 1)

    @staticmethod
    def between(states: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """Maximum over the tokens strictly between two spans: a table of range maxima, two look-ups a pair."""
        length = (right - left).clamp(min=0)
        table, by = [states], 1
        longest = min(int(length.max()), 255) if length.numel() else 0
        while 2 * by <= longest:
            below = table[-1]
            table.append(torch.maximum(below, F.pad(below[by:], (0, 0, 0, by))))
            by *= 2
        tokens = states.shape[0]
        level = torch.floor(torch.log2(length.clamp(1, 255).float())).long()
        flat = torch.cat(table)
        at = lambda x: rows(flat, level * tokens + x.clamp(0, tokens - 1))
        return torch.maximum(at(left), at(right - (1 << level))) * (length > 0)[:, None]

    def relations(self, b, scores: Scores, spans: Tensor, subjects: Tensor, objects: Tensor) -> Tensor:
        """[pairs, 8] scores, null first, of pairs of positions in `spans`."""
        vectors, beliefs = self.vectors(b, scores, spans), rows(scores.entity, spans).softmax(-1)
        subject, object_ = torch.tanh(self.subject(vectors)), torch.tanh(self.object(vectors))
        cells = rows(b.cells, spans)
        word = cells // self.sizes.widths
        first, last = rows(b.word_first, word), rows(b.word_last, word + cells % self.sizes.widths)
        left = torch.minimum(last[subjects], last[objects]) + 1
        right = torch.maximum(first[subjects], first[objects])
        bucket = (word[objects] - word[subjects]).clamp(-REACH, REACH) + REACH
        x = (
            rows(self.by_subject(torch.cat([subject, beliefs], 1)), subjects)
            + rows(self.by_object(torch.cat([object_, beliefs], 1)), objects)
            + self.by_product(rows(subject, subjects) * rows(object_, objects))
            + self.between(self.by_context(scores.hidden), left, right)
            + rows(self.by_word_distance(self.word_distance.weight), bucket)
        )
        mention = rows(scores.relation_mention, spans)
        both = rows(mention, subjects) + rows(mention, objects)
        return F.pad(self.relation(self.drop(F.relu(x))) + both[:, None], (1, 0))

    def antecedents(self, b, scores: Scores, spans: Tensor, anaphors: Tensor, antecedents: Tensor, buckets: Tensor) -> Tensor:
        """[pairs] scores of pairs of positions in `spans`."""
        beliefs = rows(scores.entity, spans).softmax(-1)
        vectors = torch.tanh(self.mention(self.vectors(b, scores, spans)))
        described = torch.cat([vectors, beliefs], 1)
        strings, last_words = b.strings[spans], b.last_words[spans]
        match = 2 * (strings[anaphors] == strings[antecedents]).long() + (last_words[anaphors] == last_words[antecedents]).long()
        x = (
            rows(self.by_anaphor(described), anaphors)
            + rows(self.by_antecedent(described), antecedents)
            + self.by_mention_product(rows(vectors, anaphors) * rows(vectors, antecedents))
            + rows(self.by_mention_distance(self.mention_distance.weight), buckets)
            + rows(self.by_match(self.match.weight), match)
        )
        mention = rows(scores.coreference_mention, spans)
        return self.coreference(self.drop(F.relu(x))).squeeze(1) + rows(mention, anaphors) + rows(mention, antecedents)

    def losses(self, b) -> tuple[Tensor, Tensor, Tensor]:
        """Entity, relation and coreference loss, each summed over the batch; crossing mentions are kept, as in our training."""
        scores = self.spans(b)
        entity = F.cross_entropy(scores.entity, b.entity_labels, reduction="sum")

        best = scores.relation_beam[b.sentence_spans].masked_fill(~b.sentence_mask, NEVER).topk(b.relation_beam, 1).indices
        beam = b.sentence_spans.gather(1, best).flatten()[b.relation_slots]
        subjects, objects = b.pairs
        found = self.relations(b, scores, beam, subjects, objects)
        span_pairs = beam[subjects] * len(b.cells) + beam[objects]
        at = torch.searchsorted(b.gold_pairs, span_pairs).clamp(max=len(b.gold_pairs) - 1)
        labels = torch.where(b.gold_pairs[at] == span_pairs, b.gold_labels[at], 0)
        relation = F.cross_entropy(found, labels, reduction="sum")

        best = scores.coreference_mention.detach()[b.document_spans].masked_fill(~b.document_mask, NEVER).topk(b.mention_beam, 1).indices
        mentions = b.document_spans.gather(1, best).masked_fill(~b.mention_mask, len(b.cells)).sort(1).values.flatten()[b.mention_slots]
        anaphors, antecedents = b.mention_pairs
        linked = self.antecedents(b, scores, mentions, anaphors, antecedents, b.mention_buckets)
        cluster = b.clusters[mentions]
        same = (cluster[anaphors] == cluster[antecedents]) & (cluster[anaphors] > 0)
        table = linked.new_full((len(mentions), b.candidates + 1), NEVER)
        table[:, 0] = 0
        place = (anaphors, anaphors - antecedents)
        right = torch.zeros(table.shape, dtype=torch.bool).index_put(place, same)
        right[:, 0] = ~right.any(1)
        table = table.index_put(place, linked)
        coreference = (table.logsumexp(1) - table.masked_fill(~right, NEVER).logsumexp(1)).sum()
        return entity, relation, coreference


def load(model: Reader, ours: dict[str, Tensor]) -> None:
    """Fills the model from tensors under our names. Every parameter must be there."""
    state = {}
    for name in model.state_dict():
        sources = our_names(name, model.sizes)
        state[name] = torch.cat([ours[source].float() for source in sources])
    model.load_state_dict(state)


def gradients(model: Reader) -> dict[str, Tensor]:
    """Gradients under our names."""
    found: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        sources = our_names(name, model.sizes)
        value = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
        found.update(zip(sources, value.chunk(len(sources))))
    return found


OURS = {
    "width": "spans.width",
    "attention": "spans.attention",
    "start": "spans.start",
    "end": "spans.end",
    "head": "spans.head",
    "up": "spans.up",
    "scorers.0": "spans.entity",
    "scorers.1": "spans.relationMention",
    "scorers.2": "spans.coreferenceMention",
    "subject": "relations.subject",
    "object": "relations.object",
    "mention": "coreference.mention",
    "by_subject": "relations.bySubject",
    "by_object": "relations.byObject",
    "by_product": "relations.byProduct",
    "by_context": "relations.byContext",
    "word_distance": "relations.distance",
    "relation": "relations",
    "by_anaphor": "coreference.byAnaphor",
    "by_antecedent": "coreference.byAntecedent",
    "by_mention_product": "coreference.byProduct",
    "mention_distance": "coreference.distance",
    "match": "coreference.match",
    "by_match": "coreference.byMatch",
    "coreference": "coreference",
    "encoder.word": "embed.word",
    "encoder.position": "embed.position",
    "encoder.kind": "embed.type",
    "encoder.norm": "embed.norm",
}
BIASED = {
    "by_word_distance.weight": "relations.byDistance.weight",
    "by_word_distance.bias": "relations.up.bias",
    "by_mention_distance.weight": "coreference.byDistance.weight",
    "by_mention_distance.bias": "coreference.up.bias",
}
IN_BLOCK = {"out": "attn.out", "norm1": "norm1", "up": "mlp.up", "down": "mlp.down", "norm2": "norm2"}


def our_names(name: str, sizes: Sizes) -> list[str]:
    if name in BIASED:
        return [BIASED[name]]
    if name.startswith("encoder.blocks."):
        _, _, layer, site, part = name.split(".")
        if site == "qkv":
            return [f"blocks.{layer}.attn.{one}.{part}" for one in "qkv"]
        return [f"blocks.{layer}.{IN_BLOCK[site]}.{part}"]
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        owner = ".".join(parts[:cut])
        if owner in OURS:
            return [".".join([OURS[owner], *parts[cut:]])]
    raise KeyError(name)


def beam_size(ratio: float, words: int, spans: int) -> int:
    return min(spans, max(1, math.floor(ratio * words + 1e-9)))
