// How Go calls the functions of an implementation's table: cgo cannot call through a pointer.
#ifndef LOAM_CHAT_TABLE_H
#define LOAM_CHAT_TABLE_H

#include "loam_chat.h"

typedef const struct loam_chat_functions * loam_chat_table;

// Opens the pack's library and asks it for its table; NULL with *err, to be freed with free().
#ifdef __cplusplus
extern "C"
#endif
loam_chat_table table_open(const char * library, char ** err);

static inline const char * table_build(loam_chat_table t) { return t->build(); }
static inline void         table_free(loam_chat_table t, void * p) { t->free(p); }
static inline int          table_init(loam_chat_table t, const char * dir, const char * variant, char ** err) { return t->init(dir, variant, err); }
static inline const char * table_variant(loam_chat_table t) { return t->variant(); }
static inline char *       table_devices(loam_chat_table t, char ** err) { return t->devices(err); }
static inline loam_chat *  table_create(loam_chat_table t) { return t->create(); }
static inline int table_open_model(loam_chat_table t, loam_chat * c, const char * path, const struct loam_chat_params * params,
                                   const char * const * adapters, const float * weights, int32_t n, char ** err) {
    return t->open(c, path, params, adapters, weights, n, err);
}
static inline int table_adapt(loam_chat_table t, loam_chat * c, const char * const * adapters, const float * weights, int32_t n, char ** err) {
    return t->adapt(c, adapters, weights, n, err);
}
static inline int32_t table_failed_adapter(loam_chat_table t, const loam_chat * c) { return t->failed_adapter(c); }
static inline float   table_progress(loam_chat_table t, const loam_chat * c) { return t->progress(c); }
static inline void    table_cancel(loam_chat_table t, loam_chat * c, int on) { t->cancel(c, on); }
static inline void    table_destroy(loam_chat_table t, loam_chat * c) { t->destroy(c); }
static inline char *  table_info(loam_chat_table t, const loam_chat * c, char ** err) { return t->info(c, err); }
static inline int32_t table_tokenize(loam_chat_table t, const loam_chat * c, const char * text, int32_t n_text, int special, int parse,
                                     int32_t * tokens, int32_t n, char ** err) {
    return t->tokenize(c, text, n_text, special, parse, tokens, n, err);
}
static inline int32_t table_piece(loam_chat_table t, const loam_chat * c, int32_t token, int special, char * buf, int32_t n) {
    return t->piece(c, token, special, buf, n);
}
static inline int table_is_end(loam_chat_table t, const loam_chat * c, int32_t token) { return t->is_end(c, token); }
static inline int table_is_control(loam_chat_table t, const loam_chat * c, int32_t token) { return t->is_control(c, token); }
static inline int table_format(loam_chat_table t, const loam_chat * c, const char * format, const char * const * roles,
                               const char * const * texts, int32_t n, int add, char ** prompt, char ** err) {
    return t->format(c, format, roles, texts, n, add, prompt, err);
}
static inline int table_eval(loam_chat_table t, loam_chat * c, const int32_t * tokens, int32_t n, int all, char ** err) {
    return t->eval(c, tokens, n, all, err);
}
static inline int32_t table_pos(loam_chat_table t, const loam_chat * c) { return t->pos(c); }
static inline int     table_keep(loam_chat_table t, loam_chat * c, int32_t n) { return t->keep(c, n); }
static inline int table_logits(loam_chat_table t, const loam_chat * c, int32_t index, float * out, int32_t n, char ** err) {
    return t->logits(c, index, out, n, err);
}
static inline int table_sampling_begin(loam_chat_table t, loam_chat * c, const struct loam_chat_sampling * s, const int32_t * history,
                                       int32_t n, int32_t n_prompt, char ** err) {
    return t->sampling_begin(c, s, history, n, n_prompt, err);
}
static inline int32_t table_draw(loam_chat_table t, loam_chat * c, int32_t index, uint64_t position, int32_t * token, int32_t n_alts,
                                 int32_t * ids, float * logprobs, char ** err) {
    return t->draw(c, index, position, token, n_alts, ids, logprobs, err);
}
static inline int table_open_embedding(loam_chat_table t, loam_chat * c, const char * path, const struct loam_chat_params * params, char ** err) {
    return t->open_embedding(c, path, params, err);
}
static inline int table_embed(loam_chat_table t, loam_chat * c, const int32_t * tokens, int32_t n, float * out, int32_t n_dims, char ** err) {
    return t->embed(c, tokens, n, out, n_dims, err);
}
static inline size_t  table_state_size(loam_chat_table t, const loam_chat * c) { return t->state_size(c); }
static inline size_t  table_state_get(loam_chat_table t, const loam_chat * c, uint8_t * buf, size_t n, char ** err) { return t->state_get(c, buf, n, err); }
static inline int     table_state_set(loam_chat_table t, loam_chat * c, const uint8_t * buf, size_t n, char ** err) { return t->state_set(c, buf, n, err); }
static inline int table_render(loam_chat_table t, loam_chat * c, const char * tmpl, const char * request, char ** out, char ** err) {
    return t->render(c, tmpl, request, out, err);
}
static inline int table_jinja(loam_chat_table t, const char * tmpl, const char * globals, char ** out, char ** err) { return t->jinja(tmpl, globals, out, err); }
static inline int table_parse(loam_chat_table t, const char * parser, const char * text, int partial, char ** out, char ** err) {
    return t->parse(parser, text, partial, out, err);
}
static inline int table_schema(loam_chat_table t, const char * schema, char ** out, char ** err) { return t->schema_to_grammar(schema, out, err); }

#endif
