//go:build !nonative

// Tokens, pieces and named formats of an engine.
#include "shim.h"

using namespace loam;

int32_t loam_chat_tokenize(const loam_chat * c, const char * text, int32_t n_text, int add_special, int parse_special,
                           int32_t * tokens, int32_t n_max, char ** err) {
    return guard(err, (int32_t) LOAM_CHAT_ERROR, [&]() -> int32_t {
        const int32_t n = llama_tokenize(c->vocab(), text, n_text, tokens, n_max, add_special != 0, parse_special != 0);
        if (n == INT32_MIN) throw std::runtime_error("the text is too long");
        return n < 0 ? -n : n;
    });
}

int32_t loam_chat_piece(const loam_chat * c, int32_t token, int special, char * buf, int32_t n_max) {
    return guard(nullptr, (int32_t) LOAM_CHAT_ERROR, [&]() -> int32_t {
        const int32_t n = llama_token_to_piece(c->vocab(), token, buf, n_max, 0, special != 0);
        return n < 0 ? -n : n;
    });
}

int loam_chat_is_end(const loam_chat * c, int32_t token) { return llama_vocab_is_eog(c->vocab(), token); }
int loam_chat_is_control(const loam_chat * c, int32_t token) { return llama_vocab_is_control(c->vocab(), token); }

int loam_chat_format(const loam_chat * c, const char * format, const char * const * roles, const char * const * texts,
                     int32_t n, int add_generation_prompt, char ** prompt, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const char * tmpl = format && *format ? format : llama_model_chat_template(c->model.get(), nullptr);
        if (!tmpl || !*tmpl) return LOAM_CHAT_UNKNOWN; // the engine would quietly take chatml
        std::vector<llama_chat_message> chat((size_t) n);
        size_t size = 256;
        for (int32_t i = 0; i < n; i++) {
            chat[(size_t) i] = {roles[i], texts[i]};
            size += strlen(roles[i]) + strlen(texts[i]) + 64;
        }
        std::string s(size, '\0');
        for (;;) {
            const int32_t len = llama_chat_apply_template(tmpl, chat.data(), chat.size(), add_generation_prompt != 0, &s[0], (int32_t) s.size());
            if (len < 0) return LOAM_CHAT_UNKNOWN;
            if ((size_t) len <= s.size()) {
                s.resize((size_t) len);
                break;
            }
            s.assign((size_t) len, '\0');
        }
        if (!(*prompt = copy(s))) throw std::bad_alloc();
        return LOAM_CHAT_OK;
    });
}
