//go:build !nonative

// Opening a model: file, adapters, context, and what is known about them.
#include "shim.h"

#include <algorithm>
#include <filesystem>

namespace loam {

static std::string meta(const llama_model * m, const char * key) {
    const int32_t n = llama_model_meta_val_str(m, key, nullptr, 0);
    if (n < 0) return "";
    std::string s((size_t) n + 1, '\0');
    llama_model_meta_val_str(m, key, &s[0], s.size());
    s.resize((size_t) n);
    return s;
}

static std::string token_text(const llama_vocab * v, llama_token t) {
    const char * s = t >= 0 ? llama_vocab_get_text(v, t) : nullptr;
    return s ? s : "";
}

// The engine only warns about these, and then computes with wrong tokens.
static void refuse_silent_failures(const llama_model * m) {
    for (const auto & line : log_lines()) {
        if (line.find("unrecognized pre-tokenizer") != std::string::npos) {
            const std::string pre = meta(m, "tokenizer.ggml.pre");
            if (!pre.empty()) throw bad_file(LOAM_CHAT_BAD_MODEL, "unknown pre-tokenizer: '" + pre + "'");
        }
        if (const auto at = line.find("bad special token: "); at != std::string::npos)
            throw bad_file(LOAM_CHAT_BAD_MODEL, line.substr(at));
    }
}

static void refuse_what_cannot_chat(const llama_model * m) {
    const auto * v = llama_model_get_vocab(m);
    if (llama_vocab_type(v) == LLAMA_VOCAB_TYPE_NONE || llama_vocab_n_tokens(v) <= 0) throw bad_file(LOAM_CHAT_BAD_MODEL, "no tokenizer");
    if (llama_model_has_encoder(m)) throw bad_file(LOAM_CHAT_BAD_MODEL, "encoder model");
    if (llama_model_is_diffusion(m)) throw bad_file(LOAM_CHAT_BAD_MODEL, "diffusion model");
}

static ggml_type kv_type(const std::string & name) {
    for (const ggml_type t : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q5_1, GGML_TYPE_Q5_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_0, GGML_TYPE_IQ4_NL})
        if (name == ggml_type_name(t)) return t;
    throw std::runtime_error("unknown KV cache type " + name);
}

static llama_context_params context_params(loam_chat * c, const loam_chat_params & p) {
    auto cp = llama_context_default_params();
    cp.n_ctx   = (uint32_t) std::max(p.n_ctx, 0);
    cp.n_batch = cp.n_ubatch = (uint32_t) std::max(p.n_batch, 1);
    cp.n_threads = cp.n_threads_batch = std::max(p.n_threads, 1);
    cp.flash_attn_type = p.flash_attn < 0 ? LLAMA_FLASH_ATTN_TYPE_AUTO : p.flash_attn ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    if (p.kv_type && *p.kv_type) cp.type_k = cp.type_v = kv_type(p.kv_type);
    cp.swa_full = true; // with a window-sized cache, dropping a tail would silently lose what lies before the window
    cp.abort_callback      = [](void * u) { return ((loam_chat *) u)->cancel.load(std::memory_order_relaxed) != 0; };
    cp.abort_callback_data = c;
    return cp;
}

// Fills mp.devices; list lives as long as the load.
static void choose_devices(llama_model_params & mp, const std::string & name, std::vector<ggml_backend_dev_t> & list) {
    if (name.empty()) return;
    if (name != "CPU") {
        auto * dev = ggml_backend_dev_by_name(name.c_str());
        if (!dev) {
            std::string have;
            for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
                const std::string n = ggml_backend_dev_name(ggml_backend_dev_get(i));
                if (have.find(n) == std::string::npos) have += (have.empty() ? "" : ", ") + n;
            }
            throw std::runtime_error("there is no device " + name + " (there are: " + have + ")");
        }
        if (ggml_backend_dev_type(dev) != GGML_BACKEND_DEVICE_TYPE_CPU) list.push_back(dev);
    }
    list.push_back(nullptr);
    mp.devices = list.data();
    if (list.size() == 1) mp.n_gpu_layers = 0;
}

static bool gpu_present() {
    return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) || ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU);
}

// A file that was replaced is another one, and so is one that is named again (nth).
static std::string key_of(const char * path, int64_t nth) {
    std::error_code e;
    const auto file = std::filesystem::u8path(path);
    const auto time = std::filesystem::last_write_time(file, e).time_since_epoch().count();
    return std::string(path) + '\n' + std::to_string(nth) + '\n' + std::to_string(time) + '\n' + std::to_string(std::filesystem::file_size(file, e));
}

static std::vector<llama_adapter_lora *> read_adapters(loam_chat * c, const char * const * paths, int32_t n) {
    std::vector<llama_adapter_lora *> list;
    for (int32_t i = 0; i < n; i++) {
        const int64_t nth = std::count_if(paths, paths + i, [&](const char * p) { return strcmp(p, paths[i]) == 0; });
        auto & a = c->adapters[key_of(paths[i], nth)];
        log_clear();
        if (!a) a = llama_adapter_lora_init(c->model.get(), paths[i]); // freed with the model
        if (!a) {
            c->failed_adapter = i;
            throw bad_file(LOAM_CHAT_BAD_ADAPTER, log_text());
        }
        list.push_back(a);
    }
    return list;
}

static void new_context(loam_chat * c) {
    c->sampling.reset();
    c->ctx.reset(); // first: two caches may be too much
    log_clear();
    c->ctx.reset(llama_init_from_model(c->model.get(), c->params));
    if (!c->ctx) throw std::runtime_error(log_text());
}

// Renders one conversation by a template; empty when it is not recognised.
static std::string probe(const char * tmpl) {
    static const llama_chat_message chat[] = {{"system", " S "}, {"user", " A "}, {"assistant", " B "}, {"user", "C"}};
    std::string s(4096, '\0');
    const int32_t n = llama_chat_apply_template(tmpl, chat, 4, true, &s[0], (int32_t) s.size());
    if (n < 0 || (size_t) n > s.size()) return "";
    s.resize((size_t) n);
    return s;
}

// The API tells whether a template is recognised, not as what: the first format that renders the same is its name.
static std::string recognise(const char * tmpl) {
    const std::string mine = tmpl && *tmpl ? probe(tmpl) : "";
    if (mine.empty()) return "";
    std::vector<const char *> names((size_t) std::max(llama_chat_builtin_templates(nullptr, 0), 0));
    llama_chat_builtin_templates(names.data(), names.size());
    for (const char * n : names)
        if (probe(n) == mine) return n;
    return "";
}

// Reads the file into c->model; nothing when it was cancelled. Returns the device that computes.
static std::string read_model(loam_chat * c, const char * path, const loam_chat_params & p, llama_context_params & cp) {
    log_clear();
    auto mp = llama_model_default_params();
    std::vector<ggml_backend_dev_t> devices;
    if (p.n_gpu_layers >= 0) mp.n_gpu_layers = p.n_gpu_layers;
    choose_devices(mp, p.device ? p.device : "", devices);
    mp.progress_callback = [](float done, void * u) {
        auto * self = (loam_chat *) u;
        self->progress = done;
        return self->cancel.load() == 0;
    };
    mp.progress_callback_user_data = c;

    std::vector<float> split;
    std::vector<llama_model_tensor_buft_override> overrides;
    const bool on_gpu = gpu_present() && mp.n_gpu_layers != 0;
    if (on_gpu && p.n_gpu_layers < 0) {
        if (cp.n_ctx == 0) cp.n_ctx = 4096;
        fit_to_devices(path, mp, cp, split, overrides);
        log_clear();
    }

    c->model.reset(llama_model_load_from_file(path, mp));
    if (!c->model) {
        if (c->cancel.load()) return "";
        throw bad_file(LOAM_CHAT_BAD_MODEL, log_text());
    }
    refuse_silent_failures(c->model.get());
    refuse_what_cannot_chat(c->model.get());
    if (!on_gpu) return "CPU";
    return ggml_backend_dev_name(devices.empty() ? ggml_backend_dev_get(0) : devices[0]);
}

// What saved states have to agree with.
static std::string fingerprint(const loam_chat * c) {
    const auto * m = c->model.get();
    char desc[256] = {};
    llama_model_desc(m, desc, sizeof desc);
    return std::string(desc) + "/" + std::to_string(llama_model_size(m)) + "/" + std::to_string(llama_model_n_params(m)) +
           "/" + std::to_string(llama_vocab_n_tokens(c->vocab())) + "/" + ggml_type_name(c->params.type_k);
}

static void open(loam_chat * c, const char * path, const loam_chat_params & p, const char * const * adapters, const float * weights, int32_t n_adapters) {
    auto cp   = context_params(c, p);
    c->device = read_model(c, path, p, cp);
    if (!c->model) return;
    const auto * m = c->model.get();
    const int32_t trained = llama_model_n_ctx_train(m);
    if (p.n_ctx <= 0) cp.n_ctx = trained > 0 ? (uint32_t) std::min(trained, 4096) : 4096;
    c->params = cp;
    new_context(c);
    if (!c->memory()) throw bad_file(LOAM_CHAT_BAD_MODEL, "embedding model");
    set_adapters(c->ctx.get(), read_adapters(c, adapters, n_adapters), {weights, weights + n_adapters});

    c->trim_kv      = !llama_model_is_recurrent(m) && !llama_model_is_hybrid(m);
    c->named_format = recognise(llama_model_chat_template(m, nullptr));
    c->fingerprint  = fingerprint(c);
    c->progress     = 1;
}

// How a model makes one vector of those of its tokens: as its file says, else by the mean where every token sees all of them
// and by the last token where it sees those before it.
static enum llama_pooling_type pooling_of(const llama_model * m, bool sees_all) {
    const std::string said = meta(m, (meta(m, "general.architecture") + ".pooling_type").c_str());
    const int type = said.empty() ? LLAMA_POOLING_TYPE_NONE : atoi(said.c_str());
    switch (type) {
        case LLAMA_POOLING_TYPE_MEAN:
        case LLAMA_POOLING_TYPE_CLS:
        case LLAMA_POOLING_TYPE_LAST: return (enum llama_pooling_type) type;
        case LLAMA_POOLING_TYPE_RANK: throw bad_file(LOAM_CHAT_BAD_MODEL, "reranker");
        case LLAMA_POOLING_TYPE_NONE: return sees_all ? LLAMA_POOLING_TYPE_MEAN : LLAMA_POOLING_TYPE_LAST;
    }
    throw bad_file(LOAM_CHAT_BAD_MODEL, "unknown pooling: " + std::to_string(type));
}

static const char * pooling_name(enum llama_pooling_type t) {
    return t == LLAMA_POOLING_TYPE_CLS ? "cls" : t == LLAMA_POOLING_TYPE_LAST ? "last" : "mean";
}

// A text is evaluated in one call, so that each of its tokens may see all others: the context, the logical and the physical batch
// are the same.
static void open_embedding(loam_chat * c, const char * path, const loam_chat_params & p) {
    constexpr int32_t least = 8, usual = 512, most = 8192;
    auto cp   = context_params(c, p);
    cp.n_ctx  = usual;
    c->device = read_model(c, path, p, cp);
    if (!c->model) return;
    const auto * m = c->model.get();
    const int32_t trained = llama_model_n_ctx_train(m);
    if (trained < least) throw bad_file(LOAM_CHAT_BAD_MODEL, "context too small: " + std::to_string(trained));
    if (embedding_dims(m) < 1) throw bad_file(LOAM_CHAT_BAD_MODEL, "no dimensions");
    c->text_tokens = std::min({trained, p.n_ctx > 0 ? std::max(p.n_ctx, least) : usual, most});
    cp.n_ctx = cp.n_batch = cp.n_ubatch = (uint32_t) c->text_tokens;
    cp.embeddings   = true;
    cp.pooling_type = pooling_of(m, true);
    c->params       = cp;
    new_context(c);
    if (c->memory() && pooling_of(m, false) != cp.pooling_type) {
        c->params.pooling_type = pooling_of(m, false);
        new_context(c);
    }
    c->fingerprint = fingerprint(c);
    c->progress    = 1;
}

// Sampling settings that a file recommends, as JSON in the terms of the file; "" when there are none.
static std::string recommended(const llama_model * m) {
    json j;
    j.open('{');
    bool any = false;
    for (int k = LLAMA_MODEL_META_KEY_SAMPLING_SEQUENCE; k <= LLAMA_MODEL_META_KEY_SAMPLING_MIROSTAT_ETA; k++) {
        const char * key = llama_model_meta_key_str((llama_model_meta_key) k);
        const std::string v = key ? meta(m, key) : "";
        if (v.empty()) continue;
        const char * dot = strrchr(key, '.');
        j.key(dot ? dot + 1 : key).str(v);
        any = true;
    }
    return any ? j.close('}').text() : "";
}

} // namespace loam

using namespace loam;

loam_chat * loam_chat_create(void) { return new (std::nothrow) loam_chat; }
void        loam_chat_destroy(loam_chat * c) { delete c; }
float       loam_chat_progress(const loam_chat * c) { return c->progress; }
void        loam_chat_cancel(loam_chat * c, int on) { c->cancel = on; }
int32_t     loam_chat_failed_adapter(const loam_chat * c) { return c->failed_adapter; }

int loam_chat_open(loam_chat * c, const char * path, const loam_chat_params * params, const char * const * adapters,
                   const float * weights, int32_t n_adapters, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        try {
            open(c, path, *params, adapters, weights, n_adapters);
        } catch (const bad_file & e) {
            fail(err, e.what());
            return e.status;
        }
        return c->cancel.load() && !c->model ? LOAM_CHAT_CANCELLED : LOAM_CHAT_OK;
    });
}

int loam_chat_open_embedding(loam_chat * c, const char * path, const loam_chat_params * params, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        try {
            open_embedding(c, path, *params);
        } catch (const bad_file & e) {
            fail(err, e.what());
            return e.status;
        }
        return c->cancel.load() && !c->model ? LOAM_CHAT_CANCELLED : LOAM_CHAT_OK;
    });
}

int loam_chat_adapt(loam_chat * c, const char * const * adapters, const float * weights, int32_t n_adapters, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        try {
            const auto list = read_adapters(c, adapters, n_adapters);
            new_context(c);
            set_adapters(c->ctx.get(), list, {weights, weights + n_adapters});
        } catch (const bad_file & e) {
            fail(err, e.what());
            return e.status;
        }
        return LOAM_CHAT_OK;
    });
}

char * loam_chat_info(const loam_chat * c, char ** err) {
    return guard(err, (char *) nullptr, [&] {
        const auto * m = c->model.get();
        const auto * v = c->vocab();
        const char * t = llama_model_chat_template(m, nullptr);
        json j;
        j.open('{');
        j.key("n_ctx").num(llama_n_ctx(c->ctx.get())).key("n_batch").num(llama_n_batch(c->ctx.get()));
        j.key("n_ctx_train").num(llama_model_n_ctx_train(m)).key("n_vocab").num(llama_vocab_n_tokens(v));
        j.key("n_params").num((int64_t) llama_model_n_params(m)).key("n_layer").num(llama_model_n_layer(m));
        j.key("device").str(c->device).key("variant").str(loam_chat_variant()).key("fingerprint").str(c->fingerprint);
        j.key("template").str(t ? t : "").key("named_format").str(c->named_format).key("trim_kv").flag(c->trim_kv);
        j.key("add_bos").flag(llama_vocab_get_add_bos(v)).key("bos").str(token_text(v, llama_vocab_bos(v)));
        if (c->text_tokens > 0) {
            j.key("dims").num(embedding_dims(m)).key("text_tokens").num(c->text_tokens);
            j.key("pooling").str(pooling_name(llama_pooling_type(c->ctx.get())));
        }
        j.key("eos").str(token_text(v, llama_vocab_eos(v))).key("recommended").str(recommended(m));
        templates_info(c, j);
        return copy(j.close('}').text());
    });
}
