//go:build !nonative

// The table of functions that an implementation hands out.
#include "shim.h"

const struct loam_chat_functions * loam_chat_functions(void) {
    static const struct loam_chat_functions table = [] {
        struct loam_chat_functions f{};
        f.api            = loam_chat_api;
        f.build          = loam_chat_build;
        f.free           = loam_chat_free;
        f.init           = loam_chat_init;
        f.variant        = loam_chat_variant;
        f.devices        = loam_chat_devices;
        f.create         = loam_chat_create;
        f.open           = loam_chat_open;
        f.adapt          = loam_chat_adapt;
        f.failed_adapter = loam_chat_failed_adapter;
        f.progress       = loam_chat_progress;
        f.cancel         = loam_chat_cancel;
        f.destroy        = loam_chat_destroy;
        f.info           = loam_chat_info;
        f.tokenize       = loam_chat_tokenize;
        f.piece          = loam_chat_piece;
        f.is_end         = loam_chat_is_end;
        f.is_control     = loam_chat_is_control;
        f.format         = loam_chat_format;
        f.eval           = loam_chat_eval;
        f.pos            = loam_chat_pos;
        f.keep           = loam_chat_keep;
        f.logits         = loam_chat_logits;
        f.sampling_begin = loam_chat_sampling_begin;
        f.draw           = loam_chat_draw;
        f.state_size     = loam_chat_state_size;
        f.state_get      = loam_chat_state_get;
        f.state_set      = loam_chat_state_set;
        f.open_embedding = loam_chat_open_embedding;
        f.embed          = loam_chat_embed;
        loam::templates_fill(f);
        return f;
    }();
    return &table;
}
