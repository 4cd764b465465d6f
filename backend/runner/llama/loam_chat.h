// The one C interface of Loam's chat engines. The embedded engine (this folder) implements it inside the program, a pack
// implements it in a library of its own; the Go side is the same for both. Nothing of llama.cpp crosses it: only opaque
// handles, scalars, flat arrays, JSON text and error strings.
//
// Threads: one call at a time per handle, except loam_chat_cancel and loam_chat_progress, which may come from any thread
// at any time between new and delete. loam_chat_init and loam_chat_devices: one at a time per process.
//
// Errors: functions with an err argument set *err to a message (the caller frees it) when they fail and leave it alone
// otherwise. No exception leaves a function. An assertion inside the engine ends the process, after one line on stderr
// that begins with "loam-chat abort: ".
//
// Memory: strings and buffers that are returned belong to the caller, who gives them back with loam_chat_free.
#ifndef LOAM_CHAT_H
#define LOAM_CHAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOAM_CHAT_API 1 // grows with every incompatible change of this file

typedef struct loam_chat loam_chat; // one model with one context

enum loam_chat_status {
    LOAM_CHAT_OK        = 0,
    LOAM_CHAT_FULL      = 1, // eval: the context has no room for the call; nothing was evaluated
    LOAM_CHAT_CANCELLED = 2, // loam_chat_cancel ended it
    LOAM_CHAT_UNKNOWN   = 3, // format: the template is none of the named formats
    LOAM_CHAT_ERROR     = -1,
    LOAM_CHAT_BAD_MODEL   = -2, // open: the model file is at fault
    LOAM_CHAT_BAD_ADAPTER = -3, // open: an adapter file is at fault; info of which: loam_chat_failed_adapter
};

// How to open a model. Strings may be NULL or empty where "automatic" makes sense.
struct loam_chat_params {
    const char * device;       // name from loam_chat_devices, "CPU", or empty: automatic
    int32_t      n_gpu_layers; // layers on the GPU; < 0: as many as fit
    int32_t      n_ctx;        // tokens; 0: the smaller of the model's own and 4096
    int32_t      n_batch;      // tokens per evaluation call, logical and physical
    int32_t      n_threads;
    int32_t      flash_attn;   // -1 automatic, 0 off, 1 on
    const char * kv_type;      // type of K and V: "f16", "q8_0", "q4_0" ...
};

// A sampler chain in the engine's order: penalties, top-k, top-p, min-p, temperature, draw. Neutral values switch a
// sampler off: last_n 0, top_k 0, top_p 1, min_p 0, penalties 1, 0 and 0. temperature 0 takes the best token.
struct loam_chat_sampling {
    float    temperature, top_p, min_p, penalty_repeat, penalty_freq, penalty_present;
    int32_t  top_k, penalty_last_n;
    uint64_t seed;
};

// Process.
int          loam_chat_api(void);   // LOAM_CHAT_API of the implementation
const char * loam_chat_build(void); // version of the engine's code; static
void         loam_chat_free(void * p);
// Loads the plug-ins in a folder: all GPU ones and the best CPU variant for this machine, or exactly the given variant
// ("static" = none: the slow built-in code). The first folder stays for the life of the process; asking for another
// variant afterwards is an error.
int          loam_chat_init(const char * plugin_dir, const char * variant, char ** err);
const char * loam_chat_variant(void); // the CPU variant in use, "static" without one; static
char *       loam_chat_devices(char ** err); // JSON: [{"name", "description", "type", "free", "total"}]

// Life of a handle. new never fails but for memory; open may be called once; delete also cancels nothing: end calls first.
loam_chat *  loam_chat_new(void);
int          loam_chat_open(loam_chat * c, const char * path, const struct loam_chat_params * params,
                            const char * const * adapters, const float * weights, int32_t n_adapters, char ** err);
int32_t      loam_chat_failed_adapter(const loam_chat * c); // index of the adapter that made open fail
float        loam_chat_progress(const loam_chat * c);       // of open, 0 to 1
void         loam_chat_cancel(loam_chat * c, int on);       // ends open and eval soon; stays set until set to 0
void         loam_chat_delete(loam_chat * c);
// JSON: what is known about the opened model; see embedded_open.cpp for its members.
char *       loam_chat_info(const loam_chat * c, char ** err);

// Text. tokenize and piece return the number of tokens or bytes there are, and write them only when they fit; < 0: error.
int32_t loam_chat_tokenize(const loam_chat * c, const char * text, int32_t n_text, int add_special, int parse_special,
                           int32_t * tokens, int32_t n_max, char ** err);
int32_t loam_chat_piece(const loam_chat * c, int32_t token, char * buf, int32_t n_max);
int     loam_chat_is_end(const loam_chat * c, int32_t token);
int     loam_chat_is_control(const loam_chat * c, int32_t token);
// Renders messages in a named format ("" = the one recognised in the model's template).
int     loam_chat_format(const loam_chat * c, const char * format, const char * const * roles, const char * const * texts,
                         int32_t n, int add_generation_prompt, char ** prompt, char ** err);

// Evaluation. The tokens go to the positions after those in the cache; the logits are those of the last one.
int     loam_chat_eval(loam_chat * c, const int32_t * tokens, int32_t n, char ** err);
int32_t loam_chat_pos(const loam_chat * c);           // positions in the cache
int     loam_chat_keep(loam_chat * c, int32_t n_pos); // drops the positions from n_pos on; 0: it cannot, nothing changed
int     loam_chat_logits(const loam_chat * c, float * out, int32_t n_vocab, char ** err);

// Sampling. begin builds the chain; history holds the tokens before the next one, oldest first (for the penalties).
int loam_chat_sampling_begin(loam_chat * c, const struct loam_chat_sampling * s, const int32_t * history, int32_t n_history,
                             char ** err);
// Draws the token for a position (counted from the start of the prompt) from the last logits and accepts it. With
// n_alts > 0, the n_alts likeliest tokens come back with their log-probabilities before any sampler; the drawn one is
// appended when it is not among them, so the arrays need room for n_alts + 1. Returns their number, < 0: error.
int32_t loam_chat_draw(loam_chat * c, uint64_t position, int32_t * token, int32_t n_alts, int32_t * alt_ids,
                       float * alt_logprobs, char ** err);

// State of the cache, without logits: evaluate a token after setting it.
size_t loam_chat_state_size(const loam_chat * c);
size_t loam_chat_state_get(const loam_chat * c, uint8_t * buf, size_t size, char ** err); // bytes written, 0: error
int    loam_chat_state_set(loam_chat * c, const uint8_t * buf, size_t size, char ** err);

#ifdef __cplusplus
}
#endif

#endif
