// Inside of the embedded engine: what its files share. Not part of the interface.
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

// Final draw that depends on (seed, position, candidates) alone. position is read at every draw.
llama_sampler * draw_init(uint64_t seed, const uint64_t * position);

// Functions that newer versions of llama.cpp have renamed or removed; see embedded_moved.cpp.
void set_adapters(llama_context * c, const std::vector<llama_adapter_lora *> & adapters, const std::vector<float> & weights);
void fit_to_devices(const char * path, llama_model_params & mp, llama_context_params & cp, std::vector<float> & split,
                    std::vector<llama_model_tensor_buft_override> & overrides);

} // namespace loam

struct loam_chat {
    std::atomic<int>   cancel{0};
    std::atomic<float> progress{0};
    int32_t            failed_adapter = -1;

    loam::model_ptr   model; // freed last: the context and the adapters belong to it
    loam::context_ptr ctx;
    std::string       fingerprint, named_format, device;
    bool              trim_kv = false;

    loam::sampler_ptr             sampler;
    uint64_t                      position = 0; // of the token that is being drawn
    std::vector<llama_token_data> candidates;

    const llama_vocab * vocab() const { return llama_model_get_vocab(model.get()); }
    llama_memory_t      memory() const { return llama_get_memory(ctx.get()); }
};
