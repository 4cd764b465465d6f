package hardware

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAReportForOthersTellsNothingPrivate(t *testing.T) {
	r := Report{Machine: Machine{OS: "linux", Arch: "amd64", CPU: "AMD Ryzen", Features: []string{"AVX2"}, GPUs: []GPU{{Name: "Arc", Driver: "i915"}}}, Findings: []Finding{
		{ID: "disk:data", Title: "Data folder", State: OK, Detail: "/home/ada/.local/share/loam, 210 GB free."},
		{ID: "disk:models", Title: "Models folder", State: Error, Detail: "/media/Ada's disk/models cannot be written.", Next: "Give yourself the right to write there, or choose another folder with --data."},
		{ID: "disk:win", Title: "Cache", State: Warn, Detail: `D:\Ada Lovelace\AppData\loam is not there.`},
		{ID: "model", Title: "Model for new chats", State: OK, Detail: "My secret tune 8B, 5 GB, needs about 6 GB of memory."},
		{ID: "engine", Title: "Chat engine", State: Error, Detail: "The engine did not start: open ~/models/private.gguf: ada@example.com has no permission; at 1/4 of the speed, and/or slower."},
	}}
	text := r.Text("0.1.0 (abc)", Private{Home: "/home/ada", User: "Ada", Host: "enigma", Names: []string{"My secret tune 8B", "secret"}})
	low := strings.ToLower(text)
	for _, private := range []string{"ada", "lovelace", "secret", "private.gguf", "/home", "appdata", "example.com", "tune"} {
		if strings.Contains(low, private) {
			t.Errorf("it tells %q:\n%s", private, text)
		}
	}
	for _, want := range []string{"AVX2", "210 GB free", "1/4 of the speed, and/or slower", "(model), 5 GB", "i915", "[error] Models folder", "cannot be written"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestNoWordOfAPathSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-z0-9_.-]{4,12}`)
		secret, home := word.Draw(t, "secret"), "/home/"+word.Draw(t, "user")
		middle := rapid.SampledFrom([]string{home + "/" + secret, "/media/" + secret + "/models", "~/" + secret, `D:\` + secret + `\x`, secret}).Draw(t, "path")
		names := []string{secret}
		text := Report{Findings: []Finding{{State: OK, Title: "Folder", Detail: "Opened " + middle + "."}}}.Text("1", Private{Home: home, Names: names})
		if detail := text[strings.Index(text, "Opened"):]; strings.Contains(detail, secret) && !strings.Contains("Opened (path)(model)(home).", secret) {
			t.Errorf("%q tells %q", text, secret)
		}
	})
}
