//go:build !nonative

// Sampling: llama.cpp's own samplers where they are functions of the tokens before, and ours where llama.cpp keeps the state of
// a random generator or a running value: the final draw, XTC, mirostat and adaptive-p.
#include "shim.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace loam {

// A bijection that leaves no visible relation between neighbouring counters.
static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

uint64_t hash(uint64_t seed, uint64_t stream, uint64_t position) { return mix(mix(mix(seed) ^ stream) ^ position); }

// A sampler of ours: only what it does to the candidates.
using step = std::function<void(llama_token_data_array *)>;

static llama_sampler_i step_iface = [] {
    llama_sampler_i i{};
    i.name  = [](const llama_sampler *) { return "loam"; };
    i.apply = [](llama_sampler * s, llama_token_data_array * a) { (*(step *) s->ctx)(a); };
    i.clone = [](const llama_sampler * s) { return llama_sampler_init(&step_iface, new step(*(step *) s->ctx)); };
    i.free  = [](llama_sampler * s) { delete (step *) s->ctx; };
    return i;
}();

static llama_sampler * make(step f) { return llama_sampler_init(&step_iface, new step(std::move(f))); }

static double largest(const llama_token_data_array * a) {
    double max = -INFINITY;
    for (size_t i = 0; i < a->size; i++) max = std::max(max, (double) a->data[i].logit);
    return max;
}

// Sets the probabilities in doubles, so that the sum over a large vocabulary keeps its small summands.
static void softmax(llama_token_data_array * a) {
    const double max = largest(a);
    double sum = 0;
    for (size_t i = 0; i < a->size; i++) sum += std::exp(a->data[i].logit - max);
    for (size_t i = 0; i < a->size; i++) a->data[i].p = (float) (std::exp(a->data[i].logit - max) / sum);
}

static void sort(llama_token_data_array * a) {
    if (a->sorted) return;
    std::sort(a->data, a->data + a->size, [](const llama_token_data & x, const llama_token_data & y) {
        return x.logit > y.logit || (x.logit == y.logit && x.id < y.id);
    });
    a->sorted = true;
}

// Chooses by the cumulated weights exp(logit), in the order of the candidates, at a point that only (seed, position) decide.
static void draw_one(llama_token_data_array * a, uint64_t seed, uint64_t position) {
    const double max = largest(a);
    double sum = 0;
    for (size_t i = 0; i < a->size; i++) sum += std::exp(a->data[i].logit - max);
    double left = (double) (hash(seed, 0, position) >> 11) * 0x1p-53 * sum;
    a->selected = 0;
    for (size_t i = 0; i < a->size; i++) {
        const double p = std::exp(a->data[i].logit - max);
        if (p > 0) a->selected = (int64_t) i; // rounding may use up the list: then the last possible one stands
        if ((left -= p) < 0) break;
    }
}

// XTC takes its dice from the position; llama.cpp's own keeps a generator. A seed of all ones would mean a random one.
static llama_sampler * xtc_init(const loam_chat_sampling & s, const uint64_t * position) {
    return make([p = s.xtc_probability, t = s.xtc_threshold, seed = s.seed, position](llama_token_data_array * a) {
        sampler_ptr x(llama_sampler_init_xtc(p, t, 1, (uint32_t) (hash(seed, 1, *position) & 0x7FFFFFFF)));
        llama_sampler_apply(x.get(), a);
    });
}

// Mirostat (Basu and others, arXiv 2007.14966) keeps the surprise of the tokens near tau: memory[0] is mu, the largest
// surprise that is allowed now. Version 1 estimates how the probabilities fall off from the best 100 tokens and cuts the list
// where that curve meets mu; version 2 cuts by the surprise of each token.
static llama_sampler * mirostat_init(const loam_chat_sampling & s, const uint64_t * position, const float * memory, float * pending) {
    return make([version = s.mirostat, tau = s.mirostat_tau, eta = s.mirostat_eta, seed = s.seed, position, memory, pending](llama_token_data_array * a) {
        sort(a);
        softmax(a);
        const double n_all = (double) a->size, mu = memory[0];
        if (version == 1) {
            double above = 0, below = 0;
            for (size_t i = 0; i + 1 < std::min<size_t>(a->size, 100) && a->data[i + 1].p > 0; i++) {
                const double t = std::log((double) (i + 2) / (double) (i + 1)), b = std::log((double) a->data[i].p / a->data[i + 1].p);
                above += t * b;
                below += t * t;
            }
            const double fall = below > 0 ? above / below : 1, e = fall - 1;
            double k = n_all;
            if (fall > 0 && std::abs(e) > 1e-6) k = std::pow(e * std::exp2(mu) / (1 - std::pow(n_all, -e)), 1 / fall);
            if (std::isfinite(k)) a->size = (size_t) std::min(std::max(k, 1.0), n_all);
        } else {
            size_t n = 1;
            while (n < a->size && -std::log2((double) a->data[n].p) <= mu) n++;
            a->size = n;
        }
        softmax(a);
        draw_one(a, seed, *position);
        pending[0] = (float) (mu - eta * (-std::log2(std::max((double) a->data[a->selected].p, 1e-300)) - tau));
    });
}

// Adaptive-p (llama.cpp, pull request 17927): prefers tokens whose probability is near a target, which moves against the
// decaying mean of what was chosen: memory is that mean's sum and weight. The curve's constants are llama.cpp's.
static llama_sampler * adaptive_init(const loam_chat_sampling & s, const uint64_t * position, const float * memory, float * pending) {
    return make([target = std::min(s.adaptive_target, 1.0f), decay = s.adaptive_decay, seed = s.seed, position, memory, pending](llama_token_data_array * a) {
        softmax(a);
        const float aim = std::clamp(memory[1] > 0 ? 2 * target - memory[0] / memory[1] : target, 0.0f, 1.0f);
        for (size_t i = 0; i < a->size; i++) {
            if (a->data[i].logit == -INFINITY) continue;
            const float far = std::abs(a->data[i].p - aim) / 0.3f;
            a->data[i].logit = 5 - 10 * far * far / (1 + far);
        }
        a->sorted = false;
        draw_one(a, seed, *position);
        pending[0] = a->data[a->selected].p + decay * memory[0];
        pending[1] = 1 + decay * memory[1];
    });
}

static sampler_ptr grammar_of(const llama_vocab * v, const loam_chat_grammar & g) {
    if (!g.text || !*g.text) return nullptr;
    log_clear();
    sampler_ptr s(g.lazy ? llama_sampler_init_grammar_lazy_patterns(v, g.text, "root", const_cast<const char **>(g.patterns), (size_t) g.n_patterns, g.tokens, (size_t) g.n_tokens)
                         : llama_sampler_init_grammar(v, g.text, "root"));
    if (!s) throw std::runtime_error("the grammar cannot be read: " + log_text());
    return s;
}

static std::vector<llama_token> tokens_of(const llama_vocab * v, const std::string & text) {
    std::vector<llama_token> t(text.size() + 8);
    const int32_t n = llama_tokenize(v, text.data(), (int32_t) text.size(), t.data(), (int32_t) t.size(), false, true);
    if (n < 0) throw std::runtime_error("the text is too long");
    t.resize((size_t) n);
    return t;
}

static std::string piece_of(const llama_vocab * v, llama_token t) {
    std::string s(64, '\0');
    int32_t n = llama_token_to_piece(v, t, &s[0], (int32_t) s.size(), 0, true);
    if (n < 0) {
        s.resize((size_t) -n);
        n = llama_token_to_piece(v, t, &s[0], (int32_t) s.size(), 0, true);
    }
    s.resize((size_t) std::max(n, 0));
    return s;
}

sampling::sampling(const llama_vocab * v, uint32_t n_ctx, const loam_chat_sampling & given, const int32_t * history, int32_t n_history, int32_t n_prompt)
    : vocab(v), chain(llama_sampler_chain_init(llama_sampler_chain_default_params())), grammar(grammar_of(v, given.grammar)) {
    loam_chat_sampling s = given;
    const auto add = [&](llama_sampler * x) {
        if (!x) throw std::runtime_error("a sampler cannot be set up: " + log_text());
        llama_sampler_chain_add(chain.get(), x);
    };
    const int32_t room = (int32_t) n_ctx, last_n = std::min(s.penalty_last_n, room);
    s.dry_last_n = s.dry_last_n < 0 ? room : std::min(s.dry_last_n, room);
    std::vector<llama_logit_bias> bias;
    for (int32_t i = 0; i < s.n_bias; i++) bias.push_back({s.bias_tokens[i], s.bias[i]});
    for (const llama_token t : never(v)) bias.push_back({t, -INFINITY});
    if (!bias.empty()) {
        add(llama_sampler_init_logit_bias(llama_vocab_n_tokens(v), (int32_t) bias.size(), bias.data()));
    }
    if (last_n > 0) add(penalties_init(v, last_n, s.penalty_repeat, s.penalty_freq, s.penalty_present));
    const bool dry = s.dry_multiplier > 0 && s.dry_last_n > 0;
    if (dry) add(dry_init(v, room, s));
    if (s.temperature <= 0) {
        add(llama_sampler_init_greedy());
    } else {
        const auto heat = [&] {
            add(s.dynatemp_range > 0 ? llama_sampler_init_temp_ext(s.temperature, s.dynatemp_range, s.dynatemp_exponent) : llama_sampler_init_temp(s.temperature));
        };
        if (s.mirostat) {
            heat();
            n_memory  = 1;
            memory[0] = 2 * s.mirostat_tau;
            add(mirostat_init(s, &position, memory, pending));
        } else {
            if (s.top_n_sigma > 0) add(llama_sampler_init_top_n_sigma(s.top_n_sigma));
            if (s.top_k > 0) add(llama_sampler_init_top_k(s.top_k));
            if (s.typical_p < 1) add(llama_sampler_init_typical(s.typical_p, 1));
            if (s.top_p < 1) add(llama_sampler_init_top_p(s.top_p, 1));
            if (s.min_p > 0) add(llama_sampler_init_min_p(s.min_p, 1));
            if (s.xtc_probability > 0) add(xtc_init(s, &position));
            heat();
            if (s.adaptive_target >= 0) {
                s.adaptive_decay = std::clamp(s.adaptive_decay, 0.0f, 0.99f);
                n_memory  = 2;
                memory[1] = 1 / (1 - s.adaptive_decay);
                memory[0] = std::min(s.adaptive_target, 1.0f) * memory[1];
                add(adaptive_init(s, &position, memory, pending));
            } else {
                add(make([seed = s.seed, p = &position](llama_token_data_array * a) { draw_one(a, seed, *p); }));
            }
        }
    }

    if (grammar) {
        thought_begin = s.grammar.thought_begin ? s.grammar.thought_begin : "";
        thought_end   = s.grammar.thought_end ? s.grammar.thought_end : "";
        const std::string prefix = s.grammar.prefix ? s.grammar.prefix : "";
        for (const llama_token t : tokens_of(v, prefix)) {
            if (!s.grammar.lazy) llama_sampler_accept(grammar.get(), t);
            if (s.grammar.lazy) follow_thought(t);
        }
        if (!s.grammar.lazy) thought_begin.clear();
    }
    const int32_t wanted = std::max(last_n, dry ? s.dry_last_n : 0);
    for (int32_t i = std::min(n_prompt, std::max(0, n_history - wanted)); i < n_history; i++) accept(history[i], i >= n_prompt);
}

// The grammar of tool calls must not see a model think aloud about them.
void sampling::follow_thought(llama_token t) {
    if (thought_begin.empty() || thought_end.empty()) return;
    tail += piece_of(vocab, t);
    const std::string & mark = thinking ? thought_end : thought_begin;
    if (const size_t at = tail.find(mark); at != std::string::npos) {
        thinking = !thinking;
        tail.erase(0, at + mark.size());
    } else if (tail.size() > mark.size()) {
        tail.erase(0, tail.size() - mark.size());
    }
}

void sampling::accept(llama_token t, bool reply) {
    llama_sampler_accept(chain.get(), t);
    if (!reply || !grammar) return;
    const bool before = thinking;
    follow_thought(t);
    if (!before && !thinking) llama_sampler_accept(grammar.get(), t);
}

void sampling::candidates_of(const float * logits) {
    const int32_t n = llama_vocab_n_tokens(vocab);
    candidates.resize((size_t) n);
    for (int32_t i = 0; i < n; i++) {
        if (std::isnan(logits[i])) throw std::runtime_error("the model's output is not a number: its file is damaged or does not suit this engine");
        candidates[(size_t) i] = {i, logits[i], 0};
    }
}

llama_token sampling::choose() {
    llama_token_data_array a = {candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(chain.get(), &a);
    if (a.selected < 0 || (size_t) a.selected >= a.size) throw std::runtime_error("the sampler chain chose nothing");
    return a.data[a.selected].id;
}

llama_token sampling::draw(const float * logits, uint64_t at) {
    position = at;
    candidates_of(logits);
    llama_token t = choose();
    if (grammar && !thinking) {
        // Most tokens fit: only when the chosen one does not, the grammar looks at the whole vocabulary, which takes long.
        llama_token_data one = {t, 1, 0};
        llama_token_data_array a = {&one, 1, -1, false};
        llama_sampler_apply(grammar.get(), &a);
        if (one.logit == -INFINITY) {
            candidates_of(logits);
            a = {candidates.data(), candidates.size(), -1, false};
            llama_sampler_apply(grammar.get(), &a);
            candidates.erase(std::remove_if(candidates.begin(), candidates.end(), [](const llama_token_data & d) { return d.logit == -INFINITY; }), candidates.end());
            if (candidates.empty()) throw std::runtime_error("the grammar allows no token here");
            t = choose();
        }
    }
    for (int32_t i = 0; i < n_memory; i++) memory[i] = pending[i];
    accept(t, true);
    return t;
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

int loam_chat_sampling_begin(loam_chat * c, const loam_chat_sampling * s, const int32_t * history, int32_t n_history, int32_t n_prompt, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        c->sampling = std::make_unique<sampling>(c->vocab(), llama_n_ctx(c->ctx.get()), *s, history, n_history, n_prompt);
        return LOAM_CHAT_OK;
    });
}

int32_t loam_chat_draw(loam_chat * c, int32_t index, uint64_t position, int32_t * token, int32_t n_alts, int32_t * alt_ids, float * alt_logprobs, char ** err) {
    return guard(err, (int32_t) LOAM_CHAT_ERROR, [&]() -> int32_t {
        if (!c->sampling) throw std::runtime_error("no sampler chain");
        const float * logits = llama_get_logits_ith(c->ctx.get(), index);
        if (!logits) throw std::runtime_error("nothing was evaluated");
        *token = c->sampling->draw(logits, position);
        return n_alts > 0 ? alternatives(logits, llama_vocab_n_tokens(c->vocab()), *token, n_alts, alt_ids, alt_logprobs) : 0;
    });
}
