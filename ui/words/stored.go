package words

import "strings"

// stored are words of the sentences that package chat stores with a reply, each with where the guide says more. The first
// that fits counts: memory before what stopped for the lack of it.
var stored = []struct{ words, learn string }{
	{"disk is full", LearnDiskFull},
	{"data folder cannot be written", LearnReadOnly},
	{"could not be saved", LearnDiskFull},
	{"memory", LearnMemory},
	{"the model file", LearnFile},
	{"chat template", LearnTemplate},
	{"too long for this model", LearnLong},
	{"updated while it was running", LearnUpdated},
	{"the engine", LearnEngine},
	{"graphics card", LearnEngine},
}

// LearnOf is where the guide says more about a sentence that was stored with a reply (chat.Sentence).
func LearnOf(sentence string) string {
	low := strings.ToLower(sentence)
	for _, s := range stored {
		if strings.Contains(low, s.words) {
			return s.learn
		}
	}
	return LearnElse
}
