//go:build !nonative

// Calls of llama.h that newer versions have renamed or removed. An engine upgrade begins here.
#include "shim.h"

namespace loam {

const char * const build_version = "llama.cpp ec98e2002";

// Later: llama_set_adapters_lora, one call for all. Only on a context that has not evaluated anything: a reused compute
// graph does not see changed adapters. A weight of 0 leaves the adapter out, which is the same to the bit.
void set_adapters(llama_context * c, const std::vector<llama_adapter_lora *> & adapters, const std::vector<float> & weights) {
    for (size_t i = 0; i < adapters.size(); i++) {
        if (weights[i] != 0 && llama_set_adapter_lora(c, adapters[i], weights[i]) != 0) throw std::runtime_error("an adapter could not be applied");
    }
}

// Later: common_fit_params. Chooses how many layers the devices have room for, keeping 512 MiB of each free. What it
// cannot fit it leaves as it is: the load then fails with words of its own.
void fit_to_devices(const char * path, llama_model_params & mp, llama_context_params & cp, std::vector<float> & split,
                    std::vector<llama_model_tensor_buft_override> & overrides) {
    split.assign(llama_max_devices(), 0);
    overrides.assign(llama_max_tensor_buft_overrides(), {nullptr, nullptr});
    llama_params_fit(path, &mp, &cp, split.data(), overrides.data(), (size_t) 512 << 20, cp.n_ctx, GGML_LOG_LEVEL_ERROR);
    log_capture(); // it plays with the log callback
}

// Later: with the size of the vocabulary.
llama_sampler * penalties_init(const llama_vocab *, int32_t last_n, float repeat, float freq, float present) {
    return llama_sampler_init_penalties(last_n, repeat, freq, present);
}

// Later: without the context's size.
llama_sampler * dry_init(const llama_vocab * v, int32_t n_ctx, const loam_chat_sampling & s) {
    return llama_sampler_init_dry(v, n_ctx, s.dry_multiplier, s.dry_base, s.dry_allowed_length, s.dry_last_n,
                                  const_cast<const char **>(s.dry_breakers), (size_t) s.n_dry_breakers);
}

// Later: llama_model_n_embd_out.
int32_t embedding_dims(const llama_model * m) { return llama_model_n_embd_inp(m); }

// Later: llama_vocab_get_suppress_tokens.
std::vector<llama_token> never(const llama_vocab *) { return {}; }

void templates_info(const loam_chat *, json & j) { j.key("jinja").flag(false); }

// This version's template code is not part of the module.
void templates_fill(struct loam_chat_functions & f) {
    f.render            = [](loam_chat *, const char *, const char *, char **, char **) -> int { return LOAM_CHAT_UNSUPPORTED; };
    f.jinja             = [](const char *, const char *, char **, char **) -> int { return LOAM_CHAT_UNSUPPORTED; };
    f.parse             = [](const char *, const char *, int, char **, char **) -> int { return LOAM_CHAT_UNSUPPORTED; };
    f.schema_to_grammar = [](const char *, char **, char **) -> int { return LOAM_CHAT_UNSUPPORTED; };
}

} // namespace loam
