// The one C interface of Loam's chat engines. The embedded engine (this folder) implements it inside the program, the pack
// (packaging/native/chatshim) in a library of its own; both compile the shim_*.cpp of this folder, each against its own
// llama.h. An implementation hands out one table of its functions, and the Go side is the same for both. Nothing of
// llama.cpp crosses it: only opaque handles, scalars, flat arrays, JSON text and error strings.
//
// Threads: one call at a time per handle, except cancel and progress, which may come from any thread at any time between
// create and destroy. init and devices: one at a time per process.
//
// Errors: functions with an err argument set *err to a message (the caller frees it) when they fail and leave it alone
// otherwise. No exception leaves a function. An assertion inside the engine ends the process, after one line on stderr
// that begins with "loam-chat abort: ".
//
// Memory: strings and buffers that are returned belong to the caller, who gives them back with free of the table.
#ifndef LOAM_CHAT_H
#define LOAM_CHAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define LOAM_CHAT_EXPORT __declspec(dllexport)
#else
#define LOAM_CHAT_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LOAM_CHAT_API 5 // grows with every incompatible change of this file

typedef struct loam_chat loam_chat; // one model with one context

enum loam_chat_status {
    LOAM_CHAT_OK        = 0,
    LOAM_CHAT_FULL      = 1, // eval: the context has no room for the call; nothing was evaluated
    LOAM_CHAT_CANCELLED = 2, // loam_chat_cancel ended it
    LOAM_CHAT_UNKNOWN   = 3, // format: the template is none of the named formats
    LOAM_CHAT_UNSUPPORTED = 4, // this engine has no such thing
    LOAM_CHAT_ERROR     = -1,
    LOAM_CHAT_BAD_MODEL   = -2, // open: the model file is at fault
    LOAM_CHAT_BAD_ADAPTER = -3, // open: an adapter file is at fault; info of which: failed_adapter
};

// How to open a model. Strings may be NULL or empty where "automatic" makes sense.
struct loam_chat_params {
    const char * device;       // name from devices, "CPU", or empty: automatic
    int32_t      n_gpu_layers; // layers on the GPU; < 0: as many as fit
    int32_t      n_ctx;        // tokens; 0: the smaller of the model's own and 4096
    int32_t      n_batch;      // tokens per evaluation call, logical and physical
    int32_t      n_threads;
    int32_t      flash_attn;   // -1 automatic, 0 off, 1 on
    const char * kv_type;      // type of K and V: "f16", "q8_0", "q4_0" ...
};

// A grammar that the reply has to follow, in the engine's GBNF notation. All of it may be empty.
struct loam_chat_grammar {
    const char *         text;       // NULL or empty: none
    int32_t              lazy;       // it begins only at a trigger
    const char * const * patterns;   // triggers: regular expressions over the text of the reply
    int32_t              n_patterns;
    const int32_t *      tokens;     // triggers: single tokens
    int32_t              n_tokens;
    const char *         prefix;     // what the prompt holds of the reply already, which the grammar describes too
    const char *         thought_begin; // a lazy grammar does not look at what stands between these two; NULL or empty: none
    const char *         thought_end;
};

// A sampler chain in this order: logit bias, penalties, DRY, top-n-sigma, top-k, typical, top-p, min-p, XTC, temperature,
// and at its end the draw: plain, mirostat or adaptive-p. Mirostat takes the place of all between DRY and temperature.
// temperature 0 takes the best token after bias, penalties, DRY and grammar. Neutral values switch a sampler off: the
// one named in the comment of each.
struct loam_chat_sampling {
    float    temperature;
    float    top_p;             // 1
    float    min_p;             // 0
    float    penalty_repeat;    // 1
    float    penalty_freq;      // 0
    float    penalty_present;   // 0
    float    typical_p;         // 1
    float    top_n_sigma;       // 0
    float    xtc_probability;   // 0
    float    xtc_threshold;
    float    dynatemp_range;    // 0
    float    dynatemp_exponent;
    float    dry_multiplier;    // 0
    float    dry_base;
    float    mirostat_tau;
    float    mirostat_eta;
    float    adaptive_target;   // < 0
    float    adaptive_decay;
    int32_t  top_k;             // 0
    int32_t  penalty_last_n;    // 0
    int32_t  dry_allowed_length;
    int32_t  dry_last_n;        // tokens; < 0: the whole context
    int32_t  mirostat;          // 0; else version 1 or 2
    uint64_t seed;
    const char * const * dry_breakers; // strings that end a sequence for DRY
    int32_t              n_dry_breakers;
    const int32_t *      bias_tokens;
    const float *        bias;         // added to the logits of these tokens; -INFINITY: never
    int32_t              n_bias;
    struct loam_chat_grammar grammar;
};

// The functions of an implementation. Their order is part of the interface.
struct loam_chat_functions {
    // Process.
    int          (*api)(void);   // LOAM_CHAT_API of the implementation
    const char * (*build)(void); // version of the engine's code; static
    void         (*free)(void * p);
    // Loads the plug-ins in a folder: all GPU ones and the best CPU variant for this machine, or exactly the given variant
    // ("static" = none: the slow built-in code). The first folder stays for the life of the process; asking for another
    // variant afterwards is an error.
    int          (*init)(const char * plugin_dir, const char * variant, char ** err);
    const char * (*variant)(void);       // the CPU variant in use, "static" without one; static
    char *       (*devices)(char ** err); // JSON: [{"name", "description", "type", "free", "total"}]

    // Life of a handle. create never fails but for memory; open may be called once; destroy also cancels nothing: end calls first.
    loam_chat *  (*create)(void);
    int          (*open)(loam_chat * c, const char * path, const struct loam_chat_params * params,
                         const char * const * adapters, const float * weights, int32_t n_adapters, char ** err);
    // Other adapters or other weights for the opened model: with a new, empty context. LOAM_CHAT_BAD_ADAPTER changes nothing;
    // after another error only destroy may be called.
    int          (*adapt)(loam_chat * c, const char * const * adapters, const float * weights, int32_t n_adapters, char ** err);
    int32_t      (*failed_adapter)(const loam_chat * c); // index of the adapter that made open or adapt fail
    float        (*progress)(const loam_chat * c);       // of open, 0 to 1
    void         (*cancel)(loam_chat * c, int on);       // ends open and eval soon; stays set until set to 0
    void         (*destroy)(loam_chat * c);
    // JSON: what is known about the opened model; see shim_open.cpp for its members.
    char *       (*info)(const loam_chat * c, char ** err);

    // Text. tokenize and piece return the number of tokens or bytes there are, and write them only when they fit; < 0: error.
    int32_t (*tokenize)(const loam_chat * c, const char * text, int32_t n_text, int add_special, int parse_special,
                        int32_t * tokens, int32_t n_max, char ** err);
    int32_t (*piece)(const loam_chat * c, int32_t token, int special, char * buf, int32_t n_max); // special: also of control tokens
    int     (*is_end)(const loam_chat * c, int32_t token);
    int     (*is_control)(const loam_chat * c, int32_t token);
    // Renders messages in a named format ("" = the one recognised in the model's template).
    int     (*format)(const loam_chat * c, const char * format, const char * const * roles, const char * const * texts,
                      int32_t n, int add_generation_prompt, char ** prompt, char ** err);

    // Evaluation. The tokens go to the positions after those in the cache. all keeps the logits of every token of the call,
    // else only the last one's are kept.
    int     (*eval)(loam_chat * c, const int32_t * tokens, int32_t n, int all, char ** err);
    int32_t (*pos)(const loam_chat * c);           // positions in the cache
    int     (*keep)(loam_chat * c, int32_t n_pos); // drops the positions from n_pos on; 0: it cannot, nothing changed
    // index: of a token of the last call (with all), or -1: its last one.
    int     (*logits)(const loam_chat * c, int32_t index, float * out, int32_t n_vocab, char ** err);

    // Sampling. begin builds the chain over the tokens before the next one, oldest first, of which the first n_prompt are
    // the prompt: penalties and DRY look at all, the grammar at the reply.
    // Mirostat and adaptive-p remember more than tokens: to go on with a reply, begin after the prompt and draw it again.
    int (*sampling_begin)(loam_chat * c, const struct loam_chat_sampling * s, const int32_t * history, int32_t n_history,
                          int32_t n_prompt, char ** err);
    // Draws the token for a position (counted from the start of the prompt) from the logits of index and accepts it. With
    // n_alts > 0, the n_alts likeliest tokens come back with their log-probabilities before any sampler; the drawn one is
    // appended when it is not among them, so the arrays need room for n_alts + 1. Returns their number, < 0: error.
    int32_t (*draw)(loam_chat * c, int32_t index, uint64_t position, int32_t * token, int32_t n_alts, int32_t * alt_ids,
                    float * alt_logprobs, char ** err);

    // State of the cache, without logits: evaluate a token after setting it.
    size_t (*state_size)(const loam_chat * c);
    size_t (*state_get)(const loam_chat * c, uint8_t * buf, size_t size, char ** err); // bytes written, 0: error
    int    (*state_set)(loam_chat * c, const uint8_t * buf, size_t size, char ** err);

    // Templates, parsers and grammars; LOAM_CHAT_UNSUPPORTED from the embedded engine. JSON goes in and out as UTF-8, and
    // out belongs to the caller. A hostile template may crash the process, take all memory or never end.
    //
    // render: a conversation by a Jinja template, tmpl or (NULL or empty) the model's own; without c, tmpl is needed. request: {"messages":
    // [...], "tools": [...], "tool_choice", "json_schema", "enable_thinking", "add_generation_prompt", "kwargs": {...},
    // "bos_token", "eos_token"} in the form of the OpenAI API. out: {"prompt", "stops", "grammar": {"text", "lazy",
    // "patterns", "tokens", "prefix", "thought_begin", "thought_end"}, "preserved", "generation_prompt", "supports_thinking",
    // "parser": {...}}: parser is for parse alone.
    int (*render)(loam_chat * c, const char * tmpl, const char * request_json, char ** out, char ** err);
    // jinja: a bare template with its globals, as Jinja does it, without the work-arounds for models.
    int (*jinja)(const char * tmpl, const char * globals_json, char ** out, char ** err);
    // parse: a reply, complete or (partial) so far, by the parser of its rendering; out: an OpenAI message.
    int (*parse)(const char * parser_json, const char * text, int partial, char ** out, char ** err);
    int (*schema_to_grammar)(const char * schema_json, char ** out, char ** err);

    // Embedding models. open_embedding is open for one; n_ctx 0: the smaller of the model's own and 512, and n_batch is not used.
    // After it only info (which tells dims, text_tokens and pooling), tokenize, piece, is_control and embed may be called.
    int (*open_embedding)(loam_chat * c, const char * path, const struct loam_chat_params * params, char ** err);
    // The pooled vector of one text of at most text_tokens tokens, as the model gives it: not normalised.
    int (*embed)(loam_chat * c, const int32_t * tokens, int32_t n, float * out, int32_t n_dims, char ** err);
};

// The one name that an implementation exports. The table lives as long as the process.
LOAM_CHAT_EXPORT const struct loam_chat_functions * loam_chat_functions(void);

#ifdef __cplusplus
}
#endif

#endif
