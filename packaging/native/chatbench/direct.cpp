// Evaluates a prompt and single tokens with llama.cpp's own API, without Loam's shim, sampling, process and pipe: what
// Loam's speed is measured against. One line of JSON per repetition, tokens per second of the process's user time.
//   direct PLUGIN_DIR MODEL PROMPT_TOKENS REPLY_TOKENS REPETITIONS THREADS
#include "ggml-backend.h"
#include "llama-cpp.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <vector>

static double user_seconds() {
    rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6;
}

int main(int argc, char ** argv) {
    if (argc != 7) return fprintf(stderr, "usage: direct PLUGIN_DIR MODEL PROMPT_TOKENS REPLY_TOKENS REPETITIONS THREADS\n"), 2;
    llama_log_set([](ggml_log_level l, const char * t, void *) { if (l >= GGML_LOG_LEVEL_ERROR) fputs(t, stderr); }, nullptr);
    ggml_backend_load_all_from_path(argv[1]);
    const int       prompt = atoi(argv[3]), reply = atoi(argv[4]), repetitions = atoi(argv[5]);
    llama_model_ptr model(llama_model_load_from_file(argv[2], llama_model_default_params()));
    if (!model) return fprintf(stderr, "cannot open %s\n", argv[2]), 1;
    auto p      = llama_context_default_params();
    p.n_ctx     = 1024;
    p.n_batch   = p.n_ubatch = 512;
    p.n_threads = p.n_threads_batch = atoi(argv[6]);
    llama_context_ptr        context(llama_init_from_model(model.get(), p));
    const int                words = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    std::vector<llama_token> tokens(std::max(prompt, reply));
    for (size_t i = 0; i < tokens.size(); i++) tokens[i] = (1000 + 7 * i) % words;
    auto evaluate = [&](int from, int n) {
        if (llama_decode(context.get(), llama_batch_get_one(&tokens[from], n))) exit(1);
        llama_synchronize(context.get());
    };
    for (int i = 0; i <= repetitions; i++) {
        llama_memory_clear(llama_get_memory(context.get()), true);
        const double begin = user_seconds();
        for (int at = 0; at < prompt; at += 512) evaluate(at, std::min(512, prompt - at));
        const double middle = user_seconds();
        llama_memory_clear(llama_get_memory(context.get()), true);   // a reply to two tokens, as Loam writes it
        evaluate(0, 2);
        for (int k = 1; k < reply; k++) evaluate(k, 1);
        const double end = user_seconds();
        if (i == 0) continue;   // the first one reads the weights from the disk
        printf("{\"prompt\":%.2f,\"reply\":%.3f}\n", prompt / (middle - begin), reply / (end - middle));
        fflush(stdout);
    }
}
