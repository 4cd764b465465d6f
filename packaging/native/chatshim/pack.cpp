// What the chat pack has beyond the code that both engines share (backend/runner/llama/shim_*.cpp): templates, parsers and
// grammars out of llama.cpp's `common`, and today's names of what embedded_moved.cpp says in the words of December 2025.
#include "shim.h"

#include "chat.h"
#include "common.h"
#include "fit.h"
#include "json-schema-to-grammar.h"
#include "log.h"
#include "sampling.h"

#include <chrono>

namespace loam {

const char * const build_version = LOAM_CHAT_BUILD;

void set_adapters(llama_context * c, const std::vector<llama_adapter_lora *> & adapters, const std::vector<float> & weights) {
    std::vector<llama_adapter_lora *> on;
    std::vector<float>                scales;
    for (size_t i = 0; i < adapters.size(); i++) {
        if (weights[i] == 0) continue; // left out, which is the same to the bit
        on.push_back(adapters[i]);
        scales.push_back(weights[i]);
    }
    if (!on.empty() && llama_set_adapters_lora(c, on.data(), on.size(), scales.data()) != 0) throw std::runtime_error("an adapter could not be applied");
}

// Chooses how many layers the devices have room for, keeping 512 MiB of each free. What it cannot fit it leaves as it is: the
// load then fails with words of its own.
void fit_to_devices(const char * path, llama_model_params & mp, llama_context_params & cp, std::vector<float> & split,
                    std::vector<llama_model_tensor_buft_override> & overrides) {
    split.assign(llama_max_devices(), 0);
    overrides.assign(llama_max_tensor_buft_overrides(), {nullptr, nullptr});
    std::vector<size_t> margins(llama_max_devices(), (size_t) 512 << 20);
    common_fit_params(path, &mp, &cp, split.data(), overrides.data(), margins.data(), cp.n_ctx, nullptr, GGML_LOG_LEVEL_ERROR);
    log_capture(); // it plays with the log callback
}

llama_sampler * penalties_init(const llama_vocab * v, int32_t last_n, float repeat, float freq, float present) {
    return llama_sampler_init_penalties(llama_vocab_n_tokens(v), last_n, repeat, freq, present);
}

llama_sampler * dry_init(const llama_vocab * v, int32_t, const loam_chat_sampling & s) {
    return llama_sampler_init_dry(v, s.dry_multiplier, s.dry_base, s.dry_allowed_length, s.dry_last_n,
                                  const_cast<const char **>(s.dry_breakers), (size_t) s.n_dry_breakers);
}

int32_t embedding_dims(const llama_model * m) { return llama_model_n_embd_out(m); }

std::vector<llama_token> never(const llama_vocab * v) {
    int32_t n = 0;
    const llama_token * t = llama_vocab_get_suppress_tokens(v, &n);
    return {t, t + n};
}

void templates_info(const loam_chat *, json & j) { j.key("jinja").flag(true); }

using object = common_json;

static object parse(const char * s) { return s && *s ? object::parse(s) : object::object(); }

static int give(char ** out, const object & o) {
    if (!(*out = copy(o.dump_safe()))) throw std::bad_alloc();
    return LOAM_CHAT_OK;
}

// The initialiser hides what is wrong with a template ("std::exception"): parsing first tells it.
static std::shared_ptr<void> templates_of(const llama_model * m, const char * source, const object & r) {
    jinja::lexer lexer;
    jinja::parse_from_tokens(lexer.tokenize(source));
    auto t = common_chat_templates_init(m, source, r.value("bos_token", ""), r.value("eos_token", ""));
    return {t.release(), [](void * p) { common_chat_templates_free((common_chat_templates *) p); }};
}

// The templates of a request: of the one given, or the model's own, which are kept.
static std::shared_ptr<void> templates_for(loam_chat * c, const char * given, const object & r) {
    const llama_model * m = c ? c->model.get() : nullptr;
    if (given && *given) return templates_of(m, given, r);
    const char * own = m ? llama_model_chat_template(m, nullptr) : nullptr;
    if (!own || !*own) return nullptr;
    if (!c->templates) c->templates = templates_of(m, own, r);
    return c->templates;
}

static common_chat_templates_inputs inputs_of(const object & r) {
    common_chat_templates_inputs in;
    in.messages = common_chat_msgs_parse_oaicompat(r.at("messages"));
    if (r.contains("tools")) in.tools = common_chat_tools_parse_oaicompat(r.at("tools"));
    in.tool_choice           = common_chat_tool_choice_parse_oaicompat(r.value("tool_choice", "auto"));
    in.parallel_tool_calls   = r.value("parallel_tool_calls", false);
    in.enable_thinking       = r.value("enable_thinking", true);
    in.add_generation_prompt = r.value("add_generation_prompt", true);
    in.reasoning_format      = COMMON_REASONING_FORMAT_AUTO;
    if (r.contains("json_schema")) in.json_schema = r.at("json_schema").dump();
    if (r.value("continue_final_message", false)) in.continue_final_message = COMMON_CHAT_CONTINUATION_AUTO;
    if (r.contains("now")) in.now = std::chrono::system_clock::from_time_t((std::time_t) r.value("now", (int64_t) 0));
    if (r.contains("kwargs"))
        for (const auto & [k, v] : r.at("kwargs").items()) in.chat_template_kwargs[k] = v.dump();
    return in;
}

// The grammar of a rendering, with its triggers in the terms of llama_sampler_init_grammar_lazy_patterns.
static object grammar_of(const loam_chat * c, const common_chat_params & p, bool user) {
    object patterns = object::array(), tokens = object::array();
    for (const auto & t : p.grammar_triggers) {
        switch (t.type) {
            case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN: tokens.push_back(t.token); break;
            case COMMON_GRAMMAR_TRIGGER_TYPE_WORD: {
                const auto ids = c ? common_tokenize(c->vocab(), t.value, false, true) : llama_tokens();
                const bool kept = std::find(p.preserved_tokens.begin(), p.preserved_tokens.end(), t.value) != p.preserved_tokens.end();
                if (ids.size() == 1 && kept) tokens.push_back(ids[0]);
                else patterns.push_back(regex_escape(t.value));
                break;
            }
            case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN: patterns.push_back(t.value); break;
            case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL: {
                std::string whole = t.value;
                if (whole.empty() || whole.front() != '^') whole.insert(0, "^");
                if (whole.back() != '$' || whole.size() == 1) whole += '$';
                patterns.push_back(whole);
                break;
            }
        }
    }
    return {{"text", p.grammar}, {"lazy", p.grammar_lazy}, {"patterns", patterns}, {"tokens", tokens},
            {"prefix", user ? "" : p.generation_prompt}, {"thought_begin", p.thinking_start_tag},
            {"thought_end", p.thinking_end_tags.empty() ? "" : p.thinking_end_tags[0]}};
}

static int render(loam_chat * c, const char * tmpl, const char * request, char ** out, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const object r = parse(request);
        const auto   t = templates_for(c, tmpl, r);
        if (!t) return LOAM_CHAT_UNKNOWN;
        const auto in = inputs_of(r);
        const auto p  = common_chat_templates_apply((const common_chat_templates *) t.get(), in);
        object o = {{"prompt", p.prompt}, {"stops", p.additional_stops}, {"preserved", p.preserved_tokens},
                    {"generation_prompt", p.generation_prompt}, {"supports_thinking", p.supports_thinking},
                    {"thought_begin", p.thinking_start_tag}, {"thought_end", p.thinking_end_tags.empty() ? "" : p.thinking_end_tags[0]},
                    {"parser", object{{"format", (int) p.format}, {"generation_prompt", p.generation_prompt}, {"arena", p.parser}}}};
        if (!p.grammar.empty()) o["grammar"] = grammar_of(c, p, in.tools.empty() && in.json_schema.empty());
        return give(out, o);
    });
}

static int run_jinja(const char * tmpl, const char * globals, char ** out, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const object g = parse(globals);
        jinja::lexer lexer;
        auto tokens = lexer.tokenize(tmpl);
        const auto program = jinja::parse_from_tokens(tokens);
        jinja::context ctx(tokens.source);
        if (g.contains("loam_now")) ctx.current_time = (std::time_t) g.value("loam_now", (int64_t) 0);
        jinja::global_from_json(ctx, g, false);
        jinja::runtime rt(ctx);
        const jinja::value v = rt.execute(program);
        if (!(*out = copy(jinja::runtime::gather_string_parts(v)->as_string().str()))) throw std::bad_alloc();
        return LOAM_CHAT_OK;
    });
}

static int parse_reply(const char * parser, const char * text, int partial, char ** out, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        const object r = parse(parser);
        common_chat_parser_params p;
        const int format = r.value("format", 0);
        if (format < 0 || format >= COMMON_CHAT_FORMAT_COUNT) throw std::runtime_error("there is no such format of replies");
        p.format            = (common_chat_format) format;
        p.generation_prompt = r.value("generation_prompt", "");
        p.reasoning_format  = COMMON_REASONING_FORMAT_AUTO;
        if (const std::string arena = r.value("arena", ""); !arena.empty()) p.parser.load(arena);
        return give(out, common_chat_parse(text, partial != 0, p).to_json_oaicompat());
    });
}

static int schema_to_grammar(const char * schema, char ** out, char ** err) {
    return guard(err, (int) LOAM_CHAT_ERROR, [&]() -> int {
        if (!(*out = copy(json_schema_to_grammar(object::parse(schema))))) throw std::bad_alloc();
        return LOAM_CHAT_OK;
    });
}

void templates_fill(struct loam_chat_functions & f) {
    common_log_pause(common_log_main()); // common's own logger: no thread, nothing on stderr
    common_log_set_verbosity_thold(-1);
    f.render            = render;
    f.jinja             = run_jinja;
    f.parse             = parse_reply;
    f.schema_to_grammar = schema_to_grammar;
}

} // namespace loam
