package modelfile

// Engine is a chat engine, by its name in backend.EngineInfo.
type Engine string

// The chat engines: the embedded one is llama.cpp of December 2025, the pack a current one.
const (
	EngineEmbedded Engine = "llama-embedded"
	EnginePack     Engine = "llama-pack"
)

// What the engines know by name. These are the strings that their loaders compare with; a file that uses others needs a
// newer engine. The pack knows what the embedded engine knows and the sets that begin with "newer".

// languageArchitectures are the values of general.architecture that generate text.
var languageArchitectures = set(
	"llama", "llama4", "deci", "falcon", "grok", "gpt2", "gptj", "gptneox", "mpt", "baichuan", "starcoder", "refact",
	"bloom", "stablelm", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3next", "qwen3vl", "qwen3vlmoe",
	"phi2", "phi3", "phimoe", "plamo", "plamo2", "codeshell", "orion", "internlm2", "minicpm", "minicpm3", "gemma", "gemma2",
	"gemma3", "gemma3n", "starcoder2", "mamba", "mamba2", "jamba", "falcon-h1", "xverse", "command-r", "cohere2", "dbrx",
	"olmo", "olmo2", "olmoe", "openelm", "arctic", "deepseek", "deepseek2", "chatglm", "glm4", "glm4moe", "bitnet", "jais",
	"nemotron", "nemotron_h", "nemotron_h_moe", "exaone", "exaone4", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7", "granite",
	"granitemoe", "granitehybrid", "chameleon", "solar", "plm", "bailingmoe", "bailingmoe2", "dots1", "arcee", "afmoe",
	"ernie4_5", "ernie4_5-moe", "hunyuan-moe", "hunyuan-dense", "smollm3", "gpt-oss", "lfm2", "lfm2moe", "dream",
	"smallthinker", "llada", "llada-moe", "seed_oss", "grovemoe", "apertus", "minimax-m2", "cogvlm", "rnd1",
	"pangu-embedded", "mistral3",
)

// newerArchitectures generate text, too; newerDrafts only guess ahead for a larger model.
var (
	newerArchitectures = set(
		"qwen35", "qwen35moe", "clef", "qwen4exp", "plamo3", "gemma4", "maple", "cohere2moe", "muse-glimmer", "deepseek2-ocr",
		"deepseek32", "deepseek4", "glm-dsa", "jais2", "exaone-moe", "graniteswitch", "granite_swa", "bailingmoe3",
		"dots3note", "laguna", "hunyuan_vl", "hy_v3", "hy_v4", "minimax-01", "hrm_text", "minimax-m3", "mistral4", "paddleocr",
		"mimo2", "step35", "spark2_5", "maincoder", "kimi-linear", "kimi-k3", "glm5-next", "talkie", "mellum", "nanbeige",
	)
	newerDrafts = set("gemma4-assistant", "eagle3", "dflash")
)

// embeddingArchitectures turn text into vectors and cannot chat. newerEmbeddings do too, but the embedded engine does not
// know them.
var (
	embeddingArchitectures = set("bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3",
		"gemma-embedding")
	newerEmbeddings = set("modern-bert", "eurobert", "llama-embed")
)

// headless are the architectures without attention heads: their state does not grow with the context.
var headless = set("mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7")

// pictureArchitectures are the values of general.architecture that converters of picture and video models write, each
// with the family it stands for.
var pictureArchitectures = map[string]string{
	"sd1": "sd1", "sd2": "sd2", "sdxl": "sdxl", "sd3": "sd3", "flux": "flux", "flux2": "flux2", "chroma": "chroma",
	"aura": "auraflow", "ltxv": "ltx", "hyvid": "hunyuan-video", "wan": "wan", "cosmos": "cosmos", "hidream": "hidream",
	"lumina2": "lumina2", "qwen_image": "qwen-image", "z_image": "z-image",
}

// soundArchitectures make or encode sound.
var soundArchitectures = set("wavtokenizer-dec", "whisper", "encodec", "orpheus", "outetts", "parler-tts", "kokoro", "dac",
	"bark", "musicgen", "ace-step", "acestep", "csm", "dia", "chatterbox", "cosyvoice", "f5-tts", "vibevoice", "parakeet",
	"qwen3tts", "pockettts")

// tokenizers are the values of tokenizer.ggml.model; only "gpt2" cuts text by a pre-tokenizer.
var (
	tokenizers      = set("llama", "bert", "gpt2", "t5", "rwkv", "plamo2")
	newerTokenizers = set("gemma4", "hybriddna", "whitespace")
)

// preTokenizers are the values of tokenizer.ggml.pre. With any other the engine silently cuts text into other pieces
// than the model was trained on.
var preTokenizers = set(
	"default", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "deepseek-llm",
	"deepseek-coder", "deepseek-v3", "falcon", "mpt", "starcoder", "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat",
	"jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum", "jina-v1-en", "jina-v2-code", "roberta-bpe", "refact", "command-r",
	"qwen2", "deepseek-r1-qwen", "kormo", "stablelm2", "olmo", "dbrx", "smaug-bpe", "poro-chat", "glm4", "chatglm-bpe",
	"viking", "jais", "tekken", "smollm", "codeshell", "bloom", "gpt3-finnish", "exaone", "exaone4", "chameleon",
	"minerva-7b", "megrez", "gpt-4o", "llama4", "superbpe", "trillion", "granite-docling", "bailingmoe", "bailingmoe2",
	"llada-moe", "seed-coder", "hunyuan", "hunyuan-dense", "kimi-k2", "grok-2", "afmoe", "minimax-m2",
)

var newerPreTokenizers = set(
	"cohere2moe", "exaone-moe", "f2llmv2", "gemma4", "glm5", "granite-embed-multi-311m", "granite-embed-multi-97m", "hy_v4",
	"jais-2", "jina-v5-nano", "joyai-llm", "kanana2", "laguna", "mellum2", "minicpm5", "mmbert", "modern-bert", "qwen35",
	"sarvam-moe", "solar-open", "spark2_5", "talkie", "tiny_aya", "ufakzeka", "whitespace", "youtu",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
