// Inside of an implementation of loam_chat.h: what its files share. Compiled once against the llama.h of the embedded engine
// and once against that of the pack; what differs between the two is in embedded_moved.cpp and the pack's own files.
#pragma once

#if !__has_include("llama.h") || !__has_include("ggml-backend.h")
#error "run make setup once"
#endif

#include "loam_chat.h"

#include "ggml-backend.h"
#include "llama.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace loam {

struct free_model { void operator()(llama_model * m) const { llama_model_free(m); } };
struct free_context { void operator()(llama_context * c) const { llama_free(c); } };
struct free_sampler { void operator()(llama_sampler * s) const { llama_sampler_free(s); } };

using model_ptr   = std::unique_ptr<llama_model, free_model>;
using context_ptr = std::unique_ptr<llama_context, free_context>;
using sampler_ptr = std::unique_ptr<llama_sampler, free_sampler>;

// An error that is the fault of a file, with the status to return.
struct bad_file : std::runtime_error {
    int status;
    bad_file(int status, const std::string & what) : std::runtime_error(what), status(status) {}
};

// A copy that C can free; nullptr only when memory has run out.
inline char * copy(const std::string & s) {
    char * p = (char *) malloc(s.size() + 1);
    if (p) memcpy(p, s.c_str(), s.size() + 1);
    return p;
}

inline void fail(char ** err, const char * what) {
    if (!err) return;
    *err = (char *) malloc(strlen(what) + 1);
    if (*err) strcpy(*err, what);
}

// Runs f and turns whatever it throws into an error string and the value of a failure.
template <typename R, typename F> R guard(char ** err, R failure, F f) noexcept {
    try {
        return f();
    } catch (const std::bad_alloc &) {
        fail(err, "out of memory");
    } catch (const std::exception & e) {
        fail(err, e.what());
    } catch (...) {
        fail(err, "unknown exception");
    }
    return failure;
}

// The warnings and errors of the engine since the last clear, oldest first; the newest 64 are kept.
void                     log_clear();
std::vector<std::string> log_lines();
std::string              log_text(); // joined by newlines
void                     log_capture(); // takes over the engine's log: nothing of it reaches stderr or stdout
void log_sink(ggml_log_level level, const char * text, void * user);
void abort_line(const char * message);

// JSON text, written piece by piece.
class json {
    std::string s;
    bool first = true;
    void comma() { if (!first) s += ','; first = false; }
    void quote(const std::string & v);
public:
    json & open(char c) { comma(); s += c; first = true; return *this; }
    json & close(char c) { s += c; first = false; return *this; }
    json & key(const char * k) { comma(); quote(k); s += ':'; first = true; return *this; }
    json & str(const std::string & v) { comma(); quote(v); return *this; }
    json & raw(const std::string & v) { comma(); s += v; return *this; }
    json & num(int64_t v) { return raw(std::to_string(v)); }
    json & flag(bool v) { return raw(v ? "true" : "false"); }
    const std::string & text() const { return s; }
};

// The splitmix64 finaliser over a seed, a stream (0: the final draw, 1: XTC) and a position.
uint64_t hash(uint64_t seed, uint64_t stream, uint64_t position);

// The chain of samplers of one reply; see loam_chat_sampling.
class sampling {
public:
    sampling(const llama_vocab * vocab, uint32_t n_ctx, const loam_chat_sampling & s, const int32_t * history, int32_t n_history, int32_t n_prompt);
    // Draws from logits and accepts.
    llama_token draw(const float * logits, uint64_t position);

private:
    void        accept(llama_token t, bool reply);
    void        candidates_of(const float * logits);
    llama_token choose();
    void        follow_thought(llama_token t);

    const llama_vocab * vocab;
    sampler_ptr         chain, grammar;
    uint64_t            position = 0; // of the token that is being drawn; the chain reads it
    std::vector<llama_token_data> candidates;
    float   memory[2] = {0, 0};       // of mirostat (mu) or adaptive-p (sum, weight); the chain changes it
    float   pending[2] = {0, 0};      // memory if the token that was chosen is accepted
    int32_t n_memory = 0;
    std::string tail, thought_begin, thought_end; // tail: the newest text of the reply, to notice a thought in
    bool        thinking = false;
};

// What newer versions of llama.cpp have renamed or removed, and what an implementation brings of its own: embedded_*.cpp here,
// and pack.cpp of the pack.
extern const char * const build_version;
void set_adapters(llama_context * c, const std::vector<llama_adapter_lora *> & adapters, const std::vector<float> & weights);
void fit_to_devices(const char * path, llama_model_params & mp, llama_context_params & cp, std::vector<float> & split,
                    std::vector<llama_model_tensor_buft_override> & overrides);
llama_sampler * penalties_init(const llama_vocab * v, int32_t last_n, float repeat, float freq, float present);
llama_sampler * dry_init(const llama_vocab * v, int32_t n_ctx, const loam_chat_sampling & s);
int32_t embedding_dims(const llama_model * m); // numbers of a text's vector
std::vector<llama_token> never(const llama_vocab * v); // tokens that the model file forbids to draw
void            templates_info(const loam_chat * c, json & j); // members of info about templates
void            templates_fill(struct loam_chat_functions & f);       // render, jinja, parse, schema_to_grammar

} // namespace loam

struct loam_chat {
    std::atomic<int>   cancel{0};
    std::atomic<float> progress{0};
    int32_t            failed_adapter = -1;

    loam::model_ptr   model; // freed last: the context and the adapters belong to it
    loam::context_ptr ctx;
    std::string       fingerprint, named_format, device;
    llama_context_params params{}; // of ctx
    std::map<std::string, llama_adapter_lora *> adapters; // those that were read, by file and its time; they belong to the model
    bool              trim_kv = false;
    int32_t           text_tokens = 0; // of an embedding model: the longest text

    std::unique_ptr<loam::sampling> sampling;
    std::shared_ptr<void>           templates; // the pack's, made on first use

    const llama_vocab * vocab() const { return llama_model_get_vocab(model.get()); }
    llama_memory_t      memory() const { return llama_get_memory(ctx.get()); }
};

// The functions of the table; see loam_chat.h.
extern "C" {
int          loam_chat_api(void);
const char * loam_chat_build(void);
void         loam_chat_free(void * p);
int          loam_chat_init(const char * plugin_dir, const char * variant, char ** err);
const char * loam_chat_variant(void);
char *       loam_chat_devices(char ** err);
loam_chat *  loam_chat_create(void);
int          loam_chat_open(loam_chat * c, const char * path, const struct loam_chat_params * params,
                            const char * const * adapters, const float * weights, int32_t n_adapters, char ** err);
int          loam_chat_adapt(loam_chat * c, const char * const * adapters, const float * weights, int32_t n_adapters, char ** err);
int32_t      loam_chat_failed_adapter(const loam_chat * c);
float        loam_chat_progress(const loam_chat * c);
void         loam_chat_cancel(loam_chat * c, int on);
void         loam_chat_destroy(loam_chat * c);
char *       loam_chat_info(const loam_chat * c, char ** err);
int32_t      loam_chat_tokenize(const loam_chat * c, const char * text, int32_t n_text, int add_special, int parse_special,
                                int32_t * tokens, int32_t n_max, char ** err);
int32_t      loam_chat_piece(const loam_chat * c, int32_t token, int special, char * buf, int32_t n_max);
int          loam_chat_is_end(const loam_chat * c, int32_t token);
int          loam_chat_is_control(const loam_chat * c, int32_t token);
int          loam_chat_format(const loam_chat * c, const char * format, const char * const * roles, const char * const * texts,
                              int32_t n, int add_generation_prompt, char ** prompt, char ** err);
int          loam_chat_eval(loam_chat * c, const int32_t * tokens, int32_t n, int all, char ** err);
int32_t      loam_chat_pos(const loam_chat * c);
int          loam_chat_keep(loam_chat * c, int32_t n_pos);
int          loam_chat_logits(const loam_chat * c, int32_t index, float * out, int32_t n_vocab, char ** err);
int          loam_chat_sampling_begin(loam_chat * c, const struct loam_chat_sampling * s, const int32_t * history,
                                      int32_t n_history, int32_t n_prompt, char ** err);
int32_t      loam_chat_draw(loam_chat * c, int32_t index, uint64_t position, int32_t * token, int32_t n_alts, int32_t * alt_ids,
                            float * alt_logprobs, char ** err);
int          loam_chat_open_embedding(loam_chat * c, const char * path, const struct loam_chat_params * params, char ** err);
int          loam_chat_embed(loam_chat * c, const int32_t * tokens, int32_t n, float * out, int32_t n_dims, char ** err);
size_t       loam_chat_state_size(const loam_chat * c);
size_t       loam_chat_state_get(const loam_chat * c, uint8_t * buf, size_t size, char ** err);
int          loam_chat_state_set(loam_chat * c, const uint8_t * buf, size_t size, char ** err);
}
