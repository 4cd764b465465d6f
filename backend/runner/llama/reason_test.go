package llama

import "testing"

func TestReasonsAreClausesForAPerson(t *testing.T) {
	for log, want := range map[string]string{
		"llama_model_load: error loading model: error loading model architecture: unknown model architecture: 'zzz'\nllama_model_load_from_file_impl: failed to load model": `its architecture "zzz" is not known to this engine`,
		"unknown pre-tokenizer: 'smolzz'":                                                                                                                          `its pre-tokenizer "smolzz" is not known to this engine, which would read text wrongly`,
		"bad special token: 'tokenizer.ggml.bos_token_id' = 999999, using default id 11":                                                                           `it names token 999999 as tokenizer.ggml.bos_token_id, and its vocabulary ends before that`,
		"llama_model_load: error loading model: tensor 'x' data is not within the file bounds, model is corrupted or incomplete":                                   `it is cut off: download it again`,
		"llama_model_load: error loading model: error loading model hyperparameters: key not found in model: llama.x\nfoo: failed to load model":                   "the engine refuses it: key not found in model: llama.x",
		"gguf_init_from_file_impl: failed to read key-value pairs\nllama_model_load: error loading model: llama_model_loader: failed to load model from /a/b.gguf": "the engine refuses it: llama_model_loader: failed to load model from /a/b.gguf",
		"embedding model": "it is an embedding model and writes no text",
		"":                "the engine refuses it without a reason",
		"\n\n":            "the engine refuses it without a reason",
	} {
		if got := clauseOf(log); got != want {
			t.Errorf("%q\n got %q\nwant %q", log, got, want)
		}
	}
}

func TestThreadsLeaveACoreFromFourOn(t *testing.T) {
	for _, c := range []struct{ physical, usable, want int }{
		{1, 1, 1}, {2, 2, 2}, {2, 4, 2}, {3, 3, 3}, {4, 8, 3}, {8, 16, 7}, {8, 4, 3}, {0, 2, 2}, {0, 8, 7}, {-1, 1, 1},
	} {
		if got := threadsFor(c.physical, c.usable); got != c.want {
			t.Errorf("%d physical, %d usable: %d threads, want %d", c.physical, c.usable, got, c.want)
		}
	}
}

func TestLargeModelsAreEvaluatedInSmallCallsOnACPU(t *testing.T) {
	for _, c := range []struct {
		params                int64
		layers, batch, wanted int
	}{
		{134_515_008, 30, 512, 512}, // SmolLM2
		{1_100_000_000, 22, 512, 256},
		{3_200_000_000, 28, 512, 64},
		{8_000_000_000, 32, 512, 64},
		{70_000_000_000, 80, 512, 64},
		{8_000_000_000, 32, 32, 32},
		{0, 0, 512, 512},
	} {
		if got := callTokens(c.params, c.layers, c.batch); got != c.wanted {
			t.Errorf("%d parameters in %d layers: calls of %d tokens, want %d", c.params, c.layers, got, c.wanted)
		}
	}
}

func FuzzReasonIsOneLine(f *testing.F) {
	f.Add("llama_model_load: error loading model: x\ny")
	f.Fuzz(func(t *testing.T, log string) {
		for _, r := range clauseOf(log) {
			if r == '\n' {
				t.Fatalf("%q", clauseOf(log))
			}
		}
	})
}
