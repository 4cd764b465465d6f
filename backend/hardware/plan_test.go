package hardware

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
)

// eight is a model of eight billion parameters in four bits, as a Llama 3.1 has them.
var eight = backend.Model{
	Name: "Eight", Quant: "Q4_1", SizeBytes: 5_130_000_000, ContextLength: 131_072,
	Shape: backend.ModelShape{Layers: 32, Embedding: 4096, Heads: 32, HeadsKV: 8, KeyLen: 128, ValueLen: 128, Vocab: 128_256},
}

func sixteen(free int64) Machine { return Machine{MemoryTotal: 16 << 30, MemoryFree: free} }

func TestThePlannerChoosesTheContextAndSaysWhy(t *testing.T) {
	short := eight
	short.ContextLength = 4096
	for name, tc := range map[string]struct {
		wish    Wish
		context int
		kv      string
		fit     backend.LoadFit
		says    string
	}{
		"memory to spare":          {Wish{Load: Load{Model: eight}, Machine: sixteen(14 << 30)}, 8192, "f16", backend.LoadFits, "Context 8,192 of 131,072: enough"},
		"less to spare":            {Wish{Load: Load{Model: eight}, Machine: sixteen(7_300_000_000)}, 4096, "f16", backend.LoadFits, "Context 4,096 of 131,072: more would leave less than 1.1 GB"},
		"a cache of half the size": {Wish{Load: Load{Model: eight}, Machine: sixteen(6_830_000_000)}, 4096, "q8_0", backend.LoadFits, "8 bits instead of 16"},
		"none without attention":   {Wish{Load: Load{Model: eight}, Machine: sixteen(6_830_000_000), PlainKV: true}, 2048, "f16", backend.LoadFits, "Context 2,048"},
		"a model with little":      {Wish{Load: Load{Model: short}, Machine: sixteen(14 << 30)}, 4096, "f16", backend.LoadFits, "all that the model was trained for"},
		"a person's context":       {Wish{Load: Load{Model: eight, Context: 32768}, Machine: sixteen(14 << 30)}, 32768, "f16", backend.LoadFits, "Context 32,768 of 131,072, as you chose."},
		"a choice for the model":   {Wish{Load: Load{Model: eight}, Choice: backend.LoadChoice{Context: 16384, KVType: "q4_0"}, Machine: sixteen(14 << 30)}, 16384, "q4_0", backend.LoadFits, "as you chose"},
		"beyond its training":      {Wish{Load: Load{Model: short, Context: 8192}, Machine: sixteen(14 << 30)}, 8192, "f16", backend.LoadFits, "may lose the thread"},
		"others need the memory":   {Wish{Load: Load{Model: eight}, Machine: sixteen(3 << 30)}, 2048, "f16", backend.LoadTight, "everything would become slow"},
		"what comes back counts":   {Wish{Load: Load{Model: eight}, Machine: sixteen(3 << 30), Returning: 11 << 30, Unloads: "Old"}, 8192, "f16", backend.LoadFits, "Old leaves the memory for it."},
		"far too large a context":  {Wish{Load: Load{Model: eight, Context: 131072}, Machine: sixteen(14 << 30), PlainKV: true}, 131072, "f16", backend.LoadFatal, "the system would end it"},
		"a silent system":          {Wish{Load: Load{Model: eight}}, 8192, "f16", backend.LoadFits, "does not say"},
	} {
		p := Plan(tc.wish)
		if p.Context != tc.context || p.KVType != tc.kv || p.Fit != tc.fit || !strings.Contains(strings.Join(p.Reasons, "\n"), tc.says) {
			t.Errorf("%s: context %d, cache %s, %s: %q; want %d, %s, %s, %q\n%+v", name, p.Context, p.KVType, p.Fit, p.Reasons, tc.context, tc.kv, tc.fit, tc.says, p.Forecast)
		}
	}
}

func TestAModelLargerThanTheMemoryIsNotFatal(t *testing.T) {
	big := eight
	big.SizeBytes = 20 << 30 // its pages are dropped and read again: slow, but alive
	if p := Plan(Wish{Load: Load{Model: big}, Machine: sixteen(12 << 30)}); p.Fit != backend.LoadTight {
		t.Errorf("%s: %q", p.Fit, p.Reasons)
	}
}

func TestLayersGoToTheCardAsFarAsTheyFit(t *testing.T) {
	card := func(free int64) []backend.Device {
		return []backend.Device{{Name: "CPU", Type: "cpu", FreeBytes: 1 << 40}, {Name: "Vulkan0", Description: "Test card", Type: "gpu", FreeBytes: free, TotalBytes: 8 << 30}}
	}
	ten, all, none := 10, -1, 0
	for name, tc := range map[string]struct {
		devices []backend.Device
		choice  *int
		no      bool
		layers  int
		says    string
	}{
		"all":               {card(8 << 30), nil, false, 33, "All of its layers fit on Test card."},
		"a part":            {card(5 << 30), nil, false, 24, "of its 32 layers fit"},
		"none":              {card(400 << 20), nil, false, 0, "No layer fits"},
		"a person's number": {card(8 << 30), &ten, false, 10, ""},
		"all, by a word":    {card(8 << 30), &all, false, 33, ""},
		"none, by a word":   {card(8 << 30), &none, false, 0, ""},
		"too many by word":  {card(2 << 30), &all, false, 33, "that you chose need"},
		"the processor":     {card(8 << 30), nil, true, 0, ""},
		"no card":           {nil, &ten, false, 0, "No graphics card can take layers"},
	} {
		p := Plan(Wish{Load: Load{Model: eight}, Choice: backend.LoadChoice{GPULayers: tc.choice}, Machine: sixteen(14 << 30), Devices: tc.devices, NoGPU: tc.no})
		if p.GPULayers != tc.layers || !strings.Contains(strings.Join(p.Reasons, "\n"), tc.says) {
			t.Errorf("%s: %d layers, %q; want %d, %q", name, p.GPULayers, p.Reasons, tc.layers, tc.says)
		}
		if want := map[bool]int{true: 2, false: 1}[p.GPULayers > 0]; len(p.Devices) != want {
			t.Errorf("%s: %d bars, want %d", name, len(p.Devices), want)
		}
		if p.GPULayers == 33 && p.Forecast.Weights > 5_130_000_000/32 {
			t.Errorf("%s: %d bytes of weights stay in the machine's memory", name, p.Forecast.Weights)
		}
	}
}

func TestPicturesAreForecastInStages(t *testing.T) {
	for name, tc := range map[string]struct {
		family        string
		side          int
		flash         bool
		drawing, last int64 // as the engine reports its buffers, in MiB
	}{
		"SD 1 at 512":   {"sd1", 512, false, 560, 1664},
		"SDXL at 1024":  {"sdxl", 1024, false, 831, 6656},
		"Flux at 1024":  {"flux", 1024, false, 2577, 6656},
		"SD 1 as usual": {"sd1", 0, true, 24, 1664},
	} {
		p := Plan(Wish{Load: Load{Model: backend.Model{Family: tc.family, SizeBytes: 2 << 30}}, Machine: sixteen(14 << 30), Picture: &PictureWish{Parts: 1 << 30, Width: tc.side, Height: tc.side, Flash: tc.flash}})
		for i, want := range []int64{tc.drawing, tc.last} {
			if got := p.Stages[i+1].Bytes >> 20; math.Abs(float64(got-want)) > 0.1*float64(want) {
				t.Errorf("%s, %s: %d MiB, want %d", name, p.Stages[i+1].Name, got, want)
			}
		}
		if p.Forecast.Weights != 3<<30 || p.Forecast.Compute < tc.last<<20 {
			t.Errorf("%s: %+v", name, p.Forecast)
		}
	}
}

func TestBarsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := eight
		m.SizeBytes = rapid.Int64Range(1<<20, 1<<36).Draw(t, "size")
		m.ContextLength = rapid.IntRange(0, 1<<20).Draw(t, "own")
		m.Shape.Layers = rapid.IntRange(0, 100).Draw(t, "layers")
		w := Wish{Load: Load{Model: m, Context: rapid.IntRange(0, 1<<20).Draw(t, "context"), Repack: rapid.Bool().Draw(t, "repack")}, Returning: rapid.Int64Range(-1, 1<<36).Draw(t, "returning"), Own: rapid.Int64Range(-1, 1<<36).Draw(t, "own bytes")}
		w.Machine.MemoryTotal = rapid.Int64Range(0, 1<<37).Draw(t, "total")
		w.Machine.MemoryFree = rapid.Int64Range(0, 1<<37).Draw(t, "free")
		if rapid.Bool().Draw(t, "card") {
			w.Devices = []backend.Device{{Name: "X", Type: "gpu", FreeBytes: rapid.Int64Range(0, 1<<36).Draw(t, "vram"), TotalBytes: 1 << 35}}
		}
		p := Plan(w)
		for _, d := range p.Devices {
			if d.Total > 0 && d.Others+d.Loam+d.Model+d.Free != d.Total || d.Others < 0 || d.Loam < 0 || d.Model < 0 || d.Free < 0 || d.Short < 0 {
				t.Errorf("%+v", d)
			}
		}
		if p.Context < 0 || p.Context == 0 || p.GPULayers < 0 || p.GPULayers > m.Shape.Layers+1 {
			t.Errorf("context %d, %d layers", p.Context, p.GPULayers)
		}
		if again := Plan(w); !cmp.Equal(p, again) {
			t.Error("the same wish was planned in two ways")
		}
	})
}
