package license

const (
	freely  = "Use, change and pass on, also commercially"
	creativ = "https://creativecommons.org/licenses/"

	credit   = freely + "; name its makers and what you changed."
	alike    = freely + "; name its makers, and give what you make of it the same licence."
	copyleft = "Use it for anything; what you pass on that is made from it keeps the licence, with its sources."
	harmless = freely + ", except for the harmful uses it lists"
	inherits = harmless + "; they pass on with it."
	wishes   = "Do with it what you like"
	few      = "Use, change and pass on, also commercially below 100 million monthly users"
	most     = "Use, change and pass on, also commercially below 700 million monthly users; "
	research = "For research and private use only; business needs another licence of "
)

// table holds the licences, the freest first. Its sentences are ours.
var table = []License{
	{"apache-2.0", "Apache-2.0", "Apache-2.0", UseFree, freely + "; keep the notices.", "https://www.apache.org/licenses/LICENSE-2.0"},
	{"mit", "MIT", "MIT", UseFree, freely + "; keep the notice.", "https://opensource.org/license/mit"},
	{"bsd-2-clause", "BSD-2-Clause", "BSD-2-Clause", UseFree, freely + "; keep the notice.", "https://opensource.org/license/bsd-2-clause"},
	{"bsd-3-clause", "BSD-3-Clause", "BSD-3-Clause", UseFree, freely + "; keep the notice and do not advertise with its makers' names.", "https://opensource.org/license/bsd-3-clause"},
	{"isc", "ISC", "ISC", UseFree, freely + "; keep the notice.", "https://opensource.org/license/isc-license-txt"},
	{"bsl-1.0", "BSL-1.0", "BSL-1.0", UseFree, freely + "; keep the notice in sources.", "https://www.boost.org/LICENSE_1_0.txt"},
	{"zlib", "Zlib", "Zlib", UseFree, freely + "; mark what you changed.", "https://opensource.org/license/zlib"},
	{"afl-3.0", "AFL-3.0", "AFL-3.0", UseFree, freely + "; keep the notices.", "https://opensource.org/license/afl-3-0-php"},
	{"unlicense", "Unlicense", "Unlicense", UseFree, wishes + ".", "https://unlicense.org"},
	{"wtfpl", "WTFPL", "WTFPL", UseFree, wishes + ".", "http://www.wtfpl.net/about/"},
	{"cc0-1.0", "CC0-1.0", "CC0-1.0", UseFree, wishes + "; its makers gave up their rights.", "https://creativecommons.org/publicdomain/zero/1.0/"},
	{"cdla-permissive-2.0", "CDLA-Permissive-2.0", "CDLA-Permissive-2.0", UseFree, freely + "; pass its text along.", "https://cdla.dev/permissive-2-0/"},
	{"openmdw", "", "OpenMDW", UseFree, freely + ", with its data and documents; keep the notices.", "https://openmdw.ai"},
	{"cc-by-4.0", "CC-BY-4.0", "CC-BY-4.0", UseFree, credit, creativ + "by/4.0/"},
	{"cc-by-3.0", "CC-BY-3.0", "CC-BY-3.0", UseFree, credit, creativ + "by/3.0/"},
	{"cc-by-sa-4.0", "CC-BY-SA-4.0", "CC-BY-SA-4.0", UseConditions, alike, creativ + "by-sa/4.0/"},
	{"cc-by-sa-3.0", "CC-BY-SA-3.0", "CC-BY-SA-3.0", UseConditions, alike, creativ + "by-sa/3.0/"},
	{"cc-by-nd-4.0", "CC-BY-ND-4.0", "CC-BY-ND-4.0", UseConditions, "Use and pass on unchanged, also commercially; changed versions stay with you.", creativ + "by-nd/4.0/"},
	{"mpl-2.0", "MPL-2.0", "MPL-2.0", UseConditions, freely + "; its own files stay under this licence, with their sources.", "https://www.mozilla.org/MPL/2.0/"},
	{"lgpl-3.0", "LGPL-3.0-only", "LGPL-3.0", UseConditions, freely + "; changed versions keep the licence, with their sources.", "https://www.gnu.org/licenses/lgpl-3.0.html"},
	{"gpl-2.0", "GPL-2.0-only", "GPL-2.0", UseConditions, copyleft, "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html"},
	{"gpl-3.0", "GPL-3.0-only", "GPL-3.0", UseConditions, copyleft, "https://www.gnu.org/licenses/gpl-3.0.html"},
	{"agpl-3.0", "AGPL-3.0-only", "AGPL-3.0", UseConditions, "Use it for anything; what you pass on or offer over a network keeps the licence, with its sources.", "https://www.gnu.org/licenses/agpl-3.0.html"},
	{"eupl-1.2", "EUPL-1.2", "EUPL-1.2", UseConditions, copyleft, "https://eupl.eu/1.2/en/"},

	{"creativeml-openrail-m", "", "CreativeML OpenRAIL-M", UseConditions, harmless + "; who gets it from you must accept the same list.", "https://huggingface.co/spaces/CompVis/stable-diffusion-license"},
	{"openrail++", "", "CreativeML OpenRAIL++-M", UseConditions, harmless + "; who gets it from you must accept the same list.", "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md"},
	{"openrail", "", "OpenRAIL", UseConditions, harmless + ".", "https://www.licenses.ai"},
	{"bigscience-openrail-m", "", "BigScience OpenRAIL-M", UseConditions, inherits, "https://bigscience.huggingface.co/blog/bigscience-openrail-m"},
	{"bigscience-bloom-rail-1.0", "", "BigScience RAIL 1.0", UseConditions, inherits, "https://huggingface.co/spaces/bigscience/license"},
	{"bigcode-openrail-m", "", "BigCode OpenRAIL-M", UseConditions, inherits, "https://huggingface.co/spaces/bigcode/bigcode-model-license-agreement"},

	{"llama2", "", "Llama 2 Community License", UseConditions, most + "not to improve other language models, and within its list of uses.", "https://ai.meta.com/llama/license/"},
	{"llama3", "", "Llama 3 Community License", UseConditions, most + "say “Built with Meta Llama 3”, do not improve other language models with it, and keep to its list of uses.", "https://www.llama.com/llama3/license/"},
	{"llama3.1", "", "Llama 3.1 Community License", UseConditions, most + "say “Built with Llama”, begin the names of models made from it with “Llama”, and keep to its list of uses.", "https://www.llama.com/llama3_1/license/"},
	{"llama3.2", "", "Llama 3.2 Community License", UseConditions, most + "say “Built with Llama” and keep to its list of uses. Its models that see are not licensed to people and firms of the European Union.", "https://www.llama.com/llama3_2/license/"},
	{"llama3.3", "", "Llama 3.3 Community License", UseConditions, most + "say “Built with Llama”, begin the names of models made from it with “Llama”, and keep to its list of uses.", "https://www.llama.com/llama3_3/license/"},
	{"llama4", "", "Llama 4 Community License", UseConditions, most + "say “Built with Llama” and keep to its list of uses. It is not licensed to people and firms of the European Union.", "https://www.llama.com/llama4/license/"},
	{"gemma", "", "Gemma Terms of Use", UseConditions, "Use, change and pass on, also commercially, within Google's list of forbidden uses, which passes on with it.", "https://ai.google.dev/gemma/terms"},
	{"qwen", "", "Qwen License", UseConditions, few + ".", ""},
	{"deepseek", "", "DeepSeek License", UseConditions, inherits, ""},
	{"falcon-llm-license", "", "TII Falcon License", UseConditions, "Use, change and pass on, also commercially, within its list of uses; read it for its conditions.", "https://falconllm.tii.ae"},
	{"nvidia-open-model-license", "", "NVIDIA Open Model License", UseConditions, freely + "; keep the notice, and leave its guardrails in or replace them.", "https://www.nvidia.com/en-us/agreements/enterprise-software/nvidia-open-model-license/"},
	{"stabilityai-ai-community", "", "Stability AI Community License", UseConditions, "Free for research and private use, and for businesses below one million dollars of revenue a year.", "https://stability.ai/community-license-agreement"},
	{"lfm1.0", "", "LFM Open License", UseConditions, "Use, change and pass on, commercially only below ten million dollars of revenue a year.", ""},
	{"fair-ai-public-license-1.0-sd", "", "Fair AI Public License 1.0-SD", UseConditions, "Use it for anything but the harmful uses it lists; changed models that you share or offer keep the licence and are made public.", "https://freedevproject.org/faipl-1.0-sd/"},
	{"tencent-hunyuan-community", "", "Tencent Hunyuan Community License", UseConditions, few + ", but not in the European Union, the United Kingdom and South Korea.", ""},

	{"cc-by-nc-4.0", "CC-BY-NC-4.0", "CC-BY-NC-4.0", UseNonCommercial, "Use, change and pass on, naming its makers, but not commercially.", creativ + "by-nc/4.0/"},
	{"cc-by-nc-3.0", "CC-BY-NC-3.0", "CC-BY-NC-3.0", UseNonCommercial, "Use, change and pass on, naming its makers, but not commercially.", creativ + "by-nc/3.0/"},
	{"cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0", UseNonCommercial, "Use, change and pass on under the same licence, naming its makers, but not commercially.", creativ + "by-nc-sa/4.0/"},
	{"cc-by-nc-sa-3.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-3.0", UseNonCommercial, "Use, change and pass on under the same licence, naming its makers, but not commercially.", creativ + "by-nc-sa/3.0/"},
	{"cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-ND-4.0", UseNonCommercial, "Use and pass on unchanged, naming its makers, but not commercially.", creativ + "by-nc-nd/4.0/"},
	{"flux-1-dev-non-commercial-license", "", "FLUX.1 [dev] Non-Commercial License", UseNonCommercial, "The model is for private use and research only; its pictures may be used commercially too, but not to train a model that competes with it.", "https://huggingface.co/black-forest-labs/FLUX.1-dev/blob/main/LICENSE.md"},
	{"flux-non-commercial-license", "", "FLUX Non-Commercial License", UseNonCommercial, "The model is for private use and research only; read its licence for what holds for its pictures.", ""},
	{"sai-nc-community", "", "Stability AI Non-Commercial Research Community License", UseNonCommercial, research + "Stability AI.", "https://huggingface.co/stabilityai/sdxl-turbo/blob/main/LICENSE.md"},
	{"mnpl", "", "Mistral AI Non-Production License", UseNonCommercial, "For research, tests and private use only; business needs another licence of Mistral AI.", "https://mistral.ai/licenses/MNPL-0.1.md"},
	{"mrl", "", "Mistral AI Research License", UseNonCommercial, research + "Mistral AI.", "https://mistral.ai/licenses/MRL-0.1.md"},
	{"qwen-research", "", "Qwen Research License", UseNonCommercial, "For research and evaluation only; business needs another licence of Alibaba Cloud.", ""},
	{"exaone", "", "EXAONE AI Model License (non-commercial)", UseNonCommercial, "For research only; business needs another licence of LG AI Research.", ""},
	{"deepfloyd-if-license", "", "DeepFloyd IF License", UseNonCommercial, "For research only.", "https://huggingface.co/spaces/DeepFloyd/deepfloyd-if-license"},
}

// aliases are other ways in which the same licence is written.
var aliases = map[string][]string{
	"apache-2.0":            {"apache", "apache 2", "Apache License 2.0", "Apache License", "Apache License Version 2.0", "apache-2", "apache2.0"},
	"mit":                   {"mit license", "The MIT License", "the mit license mit", "expat"},
	"bsd-3-clause":          {"bsd", "BSD 3-Clause License", "bsd3"},
	"cc0-1.0":               {"cc0", "public domain"},
	"cc-by-4.0":             {"cc-by", "Creative Commons Attribution 4.0 International"},
	"cc-by-sa-4.0":          {"cc-by-sa", "Creative Commons Attribution-ShareAlike 4.0 International"},
	"cc-by-nc-4.0":          {"cc-by-nc", "Creative Commons Attribution-NonCommercial 4.0 International"},
	"cc-by-nc-sa-4.0":       {"cc-by-nc-sa", "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International"},
	"cc-by-nc-nd-4.0":       {"cc-by-nc-nd"},
	"gpl-3.0":               {"gpl", "gpl3", "gplv3", "GPL-3.0-or-later"},
	"gpl-2.0":               {"gplv2", "GPL-2.0-or-later"},
	"agpl-3.0":              {"agpl", "agplv3", "AGPL-3.0-or-later"},
	"lgpl-3.0":              {"lgpl", "LGPL-3.0-or-later"},
	"openmdw":               {"openmdw-1.0", "OpenMDW-1.1", "open-mdw"},
	"creativeml-openrail-m": {"CreativeML Open RAIL-M", "openrail-m", "stable diffusion license"},
	"openrail++": {
		"openrail++-m", "CreativeML Open RAIL++-M", "CreativeML Open RAIL++-M License", "openrailpp", "creativeml-openrail++-m", "bigscience-openrail++",
	},
	"llama2":                   {"llama 2", "LLAMA 2 COMMUNITY LICENSE AGREEMENT"},
	"llama3":                   {"llama 3", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "llama-3", "META LLAMA 3 COMMUNITY"},
	"llama3.1":                 {"llama 3.1", "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT"},
	"llama3.2":                 {"llama 3.2", "LLAMA 3.2 COMMUNITY LICENSE AGREEMENT"},
	"llama3.3":                 {"llama 3.3", "LLAMA 3.3 COMMUNITY LICENSE AGREEMENT"},
	"llama4":                   {"llama 4", "LLAMA 4 COMMUNITY LICENSE AGREEMENT"},
	"gemma":                    {"gemma license", "gemma terms", "gemma-terms-of-use"},
	"qwen":                     {"tongyi-qianwen", "tongyi-qianwen-license-agreement", "Tongyi Qianwen LICENSE AGREEMENT", "Qwen LICENSE AGREEMENT"},
	"qwen-research":            {"tongyi-qianwen-research", "Qwen RESEARCH LICENSE AGREEMENT", "qwen-research-license"},
	"deepseek":                 {"deepseek-license", "deepseek license agreement", "deepseek model license"},
	"falcon-llm-license":       {"falcon-180b-license", "falcon-mamba-7b-license", "tii-falcon", "falcon", "falcon3", "tii-falcon-llm-license-2.0"},
	"stabilityai-ai-community": {"stabilityai-community", "Stability AI Community", "stability-ai-community", "stabilityai-community-license"},
	"sai-nc-community": {
		"stabilityai-nc-research-community", "sai-nc-community-license", "stabilityai-non-commercial-research-community", "stable-nc-community",
	},
	"flux-1-dev-non-commercial-license": {"flux-1-dev-non-commercial", "FLUX.1 [dev] Non-Commercial License", "flux-dev-non-commercial", "flux1-dev-non-commercial-license", "flux.1-dev"},
	"flux-non-commercial-license":       {"flux-dev-non-commercial-license-v2", "flux-2-dev-non-commercial-license", "flux-kontext-dev-non-commercial-license"},
	"mnpl":                              {"mistral-ai-non-production", "mnpl-0.1"},
	"mrl":                               {"mistral-ai-research", "mrl-0.1", "mistral-research"},
	"lfm1.0":                            {"lfm-open-license", "lfm-open-license-v1.0", "lfm open license v1.0"},
	"fair-ai-public-license-1.0-sd":     {"faipl-1.0-sd", "fair-ai-public"},
	"nvidia-open-model-license":         {"nvidia-open-model", "nvidia open model license agreement", "nvidia-open-model-agreement"},
	"tencent-hunyuan-community":         {"tencent-hunyuan", "tencent-license", "hunyuan"},
	"exaone":                            {"exaone-ai-model-license", "exaone-nc"},
}

// wordings find a licence by what its text says, most particular first: some files hold the whole text.
var wordings = []struct {
	id    string
	words []string // all of them, in letters only
}{
	{"llama4", []string{"llama4communitylicense"}},
	{"llama3.3", []string{"llama33communitylicense"}},
	{"llama3.2", []string{"llama32communitylicense"}},
	{"llama3.1", []string{"llama31communitylicense"}},
	{"llama3", []string{"llama3communitylicense"}},
	{"llama2", []string{"llama2communitylicense"}},
	{"qwen-research", []string{"qwenresearchlicense"}},
	{"flux-1-dev-non-commercial-license", []string{"flux1", "dev", "noncommercial"}},
	{"flux-non-commercial-license", []string{"flux", "noncommercial"}},
	{"sai-nc-community", []string{"stability", "noncommercial", "community"}},
	{"stabilityai-ai-community", []string{"stability", "communitylicense"}},
	{"openrail++", []string{"openrail++"}},
	{"creativeml-openrail-m", []string{"creativeml", "openrailm"}},
	{"cc-by-nc-nd-4.0", []string{"ccbyncnd40"}},
	{"cc-by-nc-sa-4.0", []string{"ccbyncsa40"}},
	{"cc-by-nc-4.0", []string{"ccbync40"}},
	{"gemma", []string{"gemmatermsofuse"}},
	{"apache-2.0", []string{"apachelicense", "version20"}},
	{"mit", []string{"permissionisherebygrantedfreeofcharge"}},
}
