//go:build !nonative

// Sampling: llama.cpp's own chain, and at its end a draw without generator state.
#include "embedded.h"

#include <algorithm>
#include <cmath>

namespace loam {

// The splitmix64 finaliser: a bijection that leaves no visible relation between neighbouring counters.
static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// The stream leaves room for other random choices at the same position; stream 0 is the final draw.
static uint64_t hash(uint64_t seed, uint64_t stream, uint64_t position) { return mix(mix(mix(seed) ^ stream) ^ position); }

struct draw_state {
    uint64_t         seed;
    const uint64_t * position;
};

static const char * draw_name(const llama_sampler *) { return "loam-draw"; }
static void         draw_free(llama_sampler * s) { delete (draw_state *) s->ctx; }

static llama_sampler * draw_clone(const llama_sampler * s) {
    const auto * d = (const draw_state *) s->ctx;
    return draw_init(d->seed, d->position);
}

// Chooses by the cumulated weights exp(logit), in the order of the candidates, at a point that only (seed, position)
// decide. Doubles throughout, so that the sum over a large vocabulary keeps its small summands.
static void draw_apply(llama_sampler * s, llama_token_data_array * a) {
    const auto * d   = (const draw_state *) s->ctx;
    float        max = -INFINITY;
    for (size_t i = 0; i < a->size; i++) max = std::max(max, a->data[i].logit);
    double sum = 0;
    for (size_t i = 0; i < a->size; i++) sum += std::exp((double) a->data[i].logit - max);
    double left = (double) (hash(d->seed, 0, *d->position) >> 11) * 0x1p-53 * sum;
    a->selected = 0;
    for (size_t i = 0; i < a->size; i++) {
        const double p = std::exp((double) a->data[i].logit - max);
        if (p > 0) a->selected = (int64_t) i; // rounding may use up the list: then the last possible one stands
        if ((left -= p) < 0) break;
    }
}

static llama_sampler_i draw_iface = [] {
    llama_sampler_i i{};
    i.name  = draw_name;
    i.apply = draw_apply;
    i.clone = draw_clone;
    i.free  = draw_free;
    return i;
}();

llama_sampler * draw_init(uint64_t seed, const uint64_t * position) {
    return llama_sampler_init(&draw_iface, new draw_state{seed, position});
}

// The likeliest tokens by the bare logits, the drawn one among them.
static int32_t alternatives(const float * logits, int32_t n_vocab, int32_t drawn, int32_t n, int32_t * ids, float * logprobs) {
    n = std::min(n, n_vocab);
    double max = -INFINITY, sum = 0;
    for (int32_t i = 0; i < n_vocab; i++) max = std::max(max, (double) logits[i]);
    for (int32_t i = 0; i < n_vocab; i++) sum += std::exp(logits[i] - max);
    std::vector<int32_t> order(n_vocab);
    for (int32_t i = 0; i < n_vocab; i++) order[i] = i;
    std::partial_sort(order.begin(), order.begin() + n, order.end(), [&](int32_t a, int32_t b) {
        return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    });
    if (std::find(order.begin(), order.begin() + n, drawn) == order.begin() + n) order.insert(order.begin() + n++, drawn);
    for (int32_t i = 0; i < n; i++) {
        ids[i]      = order[i];
        logprobs[i] = (float) (logits[order[i]] - max - std::log(sum));
    }
    return n;
}

} // namespace loam

using namespace loam;

int loam_chat_sampling_begin(loam_chat * c, const loam_chat_sampling * s, const int32_t * history, int32_t n_history, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        sampler_ptr chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
        const auto add = [&](llama_sampler * x) { llama_sampler_chain_add(chain.get(), x); };
        const int32_t last_n = std::min(s->penalty_last_n, (int32_t) llama_n_ctx(c->ctx.get()));
        if (last_n > 0) add(llama_sampler_init_penalties(last_n, s->penalty_repeat, s->penalty_freq, s->penalty_present));
        if (s->temperature > 0) {
            if (s->top_k > 0) add(llama_sampler_init_top_k(s->top_k));
            if (s->top_p < 1) add(llama_sampler_init_top_p(s->top_p, 1));
            if (s->min_p > 0) add(llama_sampler_init_min_p(s->min_p, 1));
            add(llama_sampler_init_temp(s->temperature));
            add(draw_init(s->seed, &c->position));
        } else {
            add(llama_sampler_init_greedy());
        }
        for (int32_t i = std::max(0, n_history - std::max(last_n, 0)); i < n_history; i++) llama_sampler_accept(chain.get(), history[i]);
        c->sampler = std::move(chain);
        return LOAM_CHAT_OK;
    });
}

int32_t loam_chat_draw(loam_chat * c, uint64_t position, int32_t * token, int32_t n_alts, int32_t * alt_ids, float * alt_logprobs, char ** err) {
    return guard(err, (int32_t) LOAM_CHAT_ERROR, [&]() -> int32_t {
        if (!c->sampler) throw std::runtime_error("no sampler chain");
        const float * logits = llama_get_logits_ith(c->ctx.get(), -1);
        if (!logits) throw std::runtime_error("nothing was evaluated");
        const int32_t n = llama_vocab_n_tokens(c->vocab());
        c->candidates.resize(n);
        for (int32_t i = 0; i < n; i++) {
            if (std::isnan(logits[i])) throw std::runtime_error("the model's output is not a number: its file is damaged or does not suit this engine");
            c->candidates[i] = {i, logits[i], 0};
        }
        c->position = position;
        llama_token_data_array a = {c->candidates.data(), (size_t) n, -1, false};
        llama_sampler_apply(c->sampler.get(), &a);
        if (a.selected < 0 || (size_t) a.selected >= a.size) throw std::runtime_error("the sampler chain chose nothing");
        *token = a.data[a.selected].id;
        llama_sampler_accept(c->sampler.get(), *token);
        return n_alts > 0 ? alternatives(logits, n, *token, n_alts, alt_ids, alt_logprobs) : 0;
    });
}
