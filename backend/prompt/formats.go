package prompt

// Format is a way of writing conversations that the engines know by name, for models whose own template cannot be used.
type Format struct {
	Name  string // as the engines call it
	Label string // the models that use it
}

// Formats are the named formats, the ones that most models use first.
func Formats() []Format {
	return []Format{
		{"chatml", "ChatML (Qwen, SmolLM and others)"},
		{"llama3", "Llama 3"},
		{"llama4", "Llama 4"},
		{"mistral-v7-tekken", "Mistral v7 Tekken"},
		{"mistral-v7", "Mistral v7"},
		{"mistral-v3-tekken", "Mistral v3 Tekken (Nemo)"},
		{"mistral-v3", "Mistral v3"},
		{"mistral-v1", "Mistral v1"},
		{"gemma", "Gemma"},
		{"phi4", "Phi 4"},
		{"phi3", "Phi 3"},
		{"deepseek3", "DeepSeek 3, R1"},
		{"deepseek2", "DeepSeek 2"},
		{"deepseek", "DeepSeek, first"},
		{"gpt-oss", "gpt-oss"},
		{"command-r", "Command R"},
		{"granite", "Granite"},
		{"kimi-k2", "Kimi K2"},
		{"chatglm4", "GLM 4"},
		{"chatglm3", "ChatGLM 3"},
		{"glmedge", "GLM Edge"},
		{"llama2", "Llama 2"},
		{"llama2-sys", "Llama 2 with a system prompt"},
		{"llama2-sys-bos", "Llama 2, beginning each turn anew"},
		{"llama2-sys-strip", "Llama 2, without white space"},
		{"vicuna", "Vicuna"},
		{"vicuna-orca", "Vicuna, Orca"},
		{"zephyr", "Zephyr"},
		{"openchat", "OpenChat"},
		{"monarch", "Monarch"},
		{"orion", "Orion"},
		{"falcon3", "Falcon 3"},
		{"minicpm", "MiniCPM"},
		{"exaone4", "EXAONE 4"},
		{"exaone3", "EXAONE 3"},
		{"hunyuan-moe", "Hunyuan MoE"},
		{"hunyuan-dense", "Hunyuan"},
		{"seed_oss", "Seed-OSS"},
		{"grok-2", "Grok 2"},
		{"smolvlm", "SmolVLM"},
		{"bailing", "Bailing (Ling)"},
		{"bailing-think", "Bailing, thinking (Ring)"},
		{"bailing2", "Bailing 2"},
		{"gigachat", "GigaChat"},
		{"megrez", "Megrez"},
		{"yandex", "YandexGPT"},
		{"rwkv-world", "RWKV World"},
		{"pangu-embedded", "Pangu Embedded"},
	}
}

// FormatLabel is what a named format is called for a person.
func FormatLabel(name string) string {
	for _, f := range Formats() {
		if f.Name == name {
			return f.Label
		}
	}
	return name
}
