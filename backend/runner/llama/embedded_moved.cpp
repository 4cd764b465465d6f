//go:build !nonative

// Calls of llama.h that newer versions have renamed or removed. An engine upgrade begins here.
#include "embedded.h"

namespace loam {

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

} // namespace loam
