//go:build !nonative

// Evaluation and the state of the KV cache of an engine.
#include "shim.h"

using namespace loam;

int loam_chat_eval(loam_chat * c, const int32_t * tokens, int32_t n, int all, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const int32_t n_vocab = llama_vocab_n_tokens(c->vocab());
        for (int32_t i = 0; i < n; i++)
            if (tokens[i] < 0 || tokens[i] >= n_vocab) throw std::runtime_error("token " + std::to_string(tokens[i]) + " is not in the vocabulary");
        if (n < 1 || (uint32_t) n > llama_n_batch(c->ctx.get())) throw std::runtime_error("a call of " + std::to_string(n) + " tokens");
        if (loam_chat_pos(c) + n > (int32_t) llama_n_ctx(c->ctx.get())) return LOAM_CHAT_FULL;
        log_clear();
        auto batch = llama_batch_get_one(const_cast<int32_t *>(tokens), n);
        std::vector<int8_t> wanted((size_t) n, 1);
        if (all) batch.logits = wanted.data();
        const int rc = llama_decode(c->ctx.get(), batch);
        if (rc == 1) return LOAM_CHAT_FULL;
        if (rc == 2) return LOAM_CHAT_CANCELLED;
        if (rc != 0) throw std::runtime_error("evaluation failed: " + log_text());
        llama_synchronize(c->ctx.get());
        return LOAM_CHAT_OK;
    });
}

int loam_chat_embed(loam_chat * c, const int32_t * tokens, int32_t n, float * out, int32_t n_dims, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const int32_t n_vocab = llama_vocab_n_tokens(c->vocab());
        for (int32_t i = 0; i < n; i++)
            if (tokens[i] < 0 || tokens[i] >= n_vocab) throw std::runtime_error("token " + std::to_string(tokens[i]) + " is not in the vocabulary");
        if (n < 1 || n > c->text_tokens) throw std::runtime_error("a text of " + std::to_string(n) + " tokens");
        if (n_dims != embedding_dims(c->model.get())) throw std::runtime_error("a vector of " + std::to_string(n_dims) + " numbers");
        log_clear();
        if (c->memory()) llama_memory_clear(c->memory(), true); // a recurrent model goes on from its state
        auto batch = llama_batch_get_one(const_cast<int32_t *>(tokens), n);
        std::vector<int8_t> wanted((size_t) n, 1);
        batch.logits = wanted.data();
        const int rc = llama_decode(c->ctx.get(), batch); // which encodes where there is no cache
        if (rc == 2 || (rc != 0 && c->cancel.load())) return LOAM_CHAT_CANCELLED;
        if (rc != 0) throw std::runtime_error("evaluation failed: " + log_text());
        llama_synchronize(c->ctx.get());
        const float * v = llama_get_embeddings_seq(c->ctx.get(), 0);
        if (!v) throw std::runtime_error("the model gave no vector");
        memcpy(out, v, (size_t) n_dims * sizeof(float));
        return LOAM_CHAT_OK;
    });
}

int32_t loam_chat_pos(const loam_chat * c) { return llama_memory_seq_pos_max(c->memory(), 0) + 1; }

int loam_chat_keep(loam_chat * c, int32_t n_pos) {
    return guard(nullptr, 0, [&]() -> int {
        if (n_pos <= 0) {
            llama_memory_clear(c->memory(), false); // cells without an owner are masked: no need to zero gigabytes
            return 1;
        }
        return llama_memory_seq_rm(c->memory(), 0, n_pos, -1) ? 1 : 0;
    });
}

int loam_chat_logits(const loam_chat * c, int32_t index, float * out, int32_t n_vocab, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const float * logits = llama_get_logits_ith(c->ctx.get(), index);
        if (!logits || n_vocab != llama_vocab_n_tokens(c->vocab())) throw std::runtime_error("nothing was evaluated");
        memcpy(out, logits, (size_t) n_vocab * sizeof(float));
        return LOAM_CHAT_OK;
    });
}

size_t loam_chat_state_size(const loam_chat * c) {
    return guard(nullptr, (size_t) 0, [&] { return llama_state_seq_get_size(c->ctx.get(), 0); });
}

size_t loam_chat_state_get(const loam_chat * c, uint8_t * buf, size_t size, char ** err) {
    return guard(err, (size_t) 0, [&] {
        const size_t n = llama_state_seq_get_data(c->ctx.get(), buf, size, 0);
        if (n == 0) throw std::runtime_error("the state cannot be read: " + log_text());
        return n;
    });
}

int loam_chat_state_set(loam_chat * c, const uint8_t * buf, size_t size, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        log_clear();
        llama_memory_clear(c->memory(), false);
        if (llama_state_seq_set_data(c->ctx.get(), buf, size, 0) != size) {
            llama_memory_clear(c->memory(), false);
            throw std::runtime_error("the state does not fit this model and its settings");
        }
        return LOAM_CHAT_OK;
    });
}
