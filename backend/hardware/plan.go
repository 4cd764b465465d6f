package hardware

import (
	"fmt"
	"strings"

	humanize "github.com/dustin/go-humanize"

	"loam/backend"
)

// Wish is a load that somebody thinks about, with everything that the planner has to know of the moment.
type Wish struct {
	Load      // Context 0 and KVType "" are the planner's choice
	Choice    backend.LoadChoice
	Machine   Machine
	Devices   []backend.Device // graphics cards that the engine can compute on, with what is free there now
	NoGPU     bool             // a person wants the processor
	PlainKV   bool             // no quantized cache: without flash attention there is none
	Returning int64            // bytes of the machine's memory that come back, because what is loaded makes room
	Unloads   string           // its name
	Own       int64            // bytes that Loam itself holds, the window and what stays loaded
	Picture   *PictureWish     // of a picture model
}

// PictureWish is what a picture's memory depends on.
type PictureWish struct {
	Parts         int64 // bytes of the set's other files
	Width, Height int   // 0 = the family's usual size
	Flash         bool
}

const (
	// AutoContext is the most tokens that are chosen unasked: enough for a long conversation, and a model that could take
	// more takes memory for all of it from the start.
	AutoContext  = 8192
	leastAuto    = 2048
	leastReserve = 1 << 30 // bytes that stay free beside a load, or a tenth of the machine where that is less
	gpuReserve   = 512 << 20
)

// Plan chooses context, cache and layers of a load so that something stays free, and says why.
func Plan(w Wish) backend.LoadPlan {
	w.Machine.MemoryFree += max(w.Returning, 0)
	if w.Machine.MemoryTotal > 0 {
		w.Machine.MemoryFree = min(w.Machine.MemoryFree, w.Machine.MemoryTotal)
	}
	p := backend.LoadPlan{Unloads: w.Unloads, Returning: max(w.Returning, 0), Choice: w.Choice, ContextOwn: w.Model.ContextLength, Layers: w.Model.Shape.Layers, Reasons: []string{}}
	if w.Picture != nil {
		p.ContextOwn, p.Layers = 0, 0
		p.Forecast, p.Stages = picture(w)
		w.judge(&p)
		return p
	}
	if w.Choice.Context > 0 {
		w.Context = w.Choice.Context
	}
	if w.Choice.KVType != "" {
		w.KVType = w.Choice.KVType
	}
	gpu, card := w.offload(&p)
	p.Context, p.KVType = w.cache(&p, gpu)
	w.Context, w.KVType = p.Context, p.KVType
	p.Forecast = w.on(gpu)
	w.judge(&p)
	if card != nil {
		p.Devices = append(p.Devices, w.card(*card, gpu))
	}
	return p
}

// reserve is what should stay free on the machine.
func (w Wish) reserve() int64 { return min(leastReserve, max(w.Machine.MemoryTotal/10, 256<<20)) }

// on is the forecast of what lies in the machine's memory when so many layers lie on the card.
func (w Wish) on(gpu int) backend.Forecast {
	f := ForecastLoad(w.Load, w.Machine)
	if gpu <= 0 || w.Model.Shape.Layers <= 0 {
		return f
	}
	share := func(n int64) int64 { return n * int64(min(gpu, w.Model.Shape.Layers)) / int64(w.Model.Shape.Layers+1) }
	f.Weights -= share(f.Weights)
	f.Reclaimable -= share(f.Reclaimable)
	f.KV -= f.KV * int64(min(gpu, w.Model.Shape.Layers)) / int64(w.Model.Shape.Layers)
	f.Total = f.Weights + f.KV + f.Compute
	return f
}

// onCard is what so many layers take on the card. Weights are not copied into another layout there.
func (w Wish) onCard(gpu int) int64 {
	layers := int64(w.Model.Shape.Layers)
	if gpu <= 0 || layers <= 0 {
		return 0
	}
	n := min(int64(gpu), layers)
	kv := kvBytes(w.Load)
	weights := w.Model.SizeBytes * n / (layers + 1)
	if int64(gpu) > layers {
		weights = w.Model.SizeBytes // the output as well
	}
	return weights + kv*n/layers + computeBytes(w.Load)
}

// offload chooses how many layers lie on a graphics card.
func (w *Wish) offload(p *backend.LoadPlan) (gpu int, card *backend.Device) {
	for i, d := range w.Devices {
		if d.Type == "gpu" && (card == nil || d.FreeBytes > card.FreeBytes) {
			card = &w.Devices[i]
		}
	}
	layers := w.Model.Shape.Layers
	chosen := w.Choice.GPULayers
	if card == nil || w.NoGPU || layers <= 0 {
		if chosen != nil && *chosen > 0 && card == nil {
			p.Reasons = append(p.Reasons, "No graphics card can take layers of it, so all of them compute on the processor.")
		}
		return 0, nil
	}
	all := layers + 1
	if chosen != nil {
		gpu = max(0, min(*chosen, all))
		if *chosen < 0 {
			gpu = all
		}
		if need := w.sized(w.Context).onCard(gpu); gpu > 0 && need > card.FreeBytes {
			p.Reasons = append(p.Reasons, fmt.Sprintf("The %d layers that you chose need %s on %s, which has %s free.", gpu, size(need), cardName(*card), size(card.FreeBytes)))
		}
	} else {
		trial := w.sized(w.Context)
		for gpu = all; gpu > 0 && trial.onCard(gpu) > card.FreeBytes-gpuReserve; gpu-- {
		}
		switch {
		case gpu == all:
			p.Reasons = append(p.Reasons, fmt.Sprintf("All of its layers fit on %s.", cardName(*card)))
		case gpu == 0:
			p.Reasons = append(p.Reasons, fmt.Sprintf("No layer fits on %s, which has %s free.", cardName(*card), size(card.FreeBytes)))
		default:
			p.Reasons = append(p.Reasons, fmt.Sprintf("%d of its %d layers fit on %s; the others compute on the processor.", gpu, layers, cardName(*card)))
		}
	}
	if gpu == 0 {
		return 0, nil
	}
	p.GPULayers, p.Device = gpu, card.Name
	return gpu, card
}

// sized is the wish with a context to reckon with.
func (w Wish) sized(context int) Wish {
	if w.Context = context; context == 0 {
		w.Context = autoFrom(w.Model.ContextLength)
	}
	return w
}

// autoFrom is the context that would be chosen with memory to spare.
func autoFrom(own int) int {
	if own > 0 {
		return min(own, AutoContext)
	}
	return 4096
}

// cache chooses the context and the kind of its cache.
func (w Wish) cache(p *backend.LoadPlan, gpu int) (tokens int, kv string) {
	own := w.Model.ContextLength
	kv = w.KVType
	if kv == "" {
		kv = "f16"
	}
	fits := func(tokens int, kv string) bool {
		t := w.sized(tokens)
		t.KVType = kv
		f := t.on(gpu)
		return w.Machine.MemoryFree <= 0 || f.Needed()+w.reserve() <= w.Machine.MemoryFree
	}
	// Engines take a quantized cache for heads of whole blocks only, and not for every kind of attention.
	quantizes := !w.PlainKV && w.KVType == "" && w.Model.Shape.KeyLen > 0 && w.Model.Shape.KeyLen%32 == 0 && w.Model.Shape.KeyLen == w.Model.Shape.ValueLen
	say := func(format string, a ...any) { p.Reasons = append(p.Reasons, fmt.Sprintf(format, a...)) }
	if w.Context > 0 {
		switch {
		case own > 0 && w.Context > own:
			say("Context %s, as you chose: the model was trained for %s and may lose the thread beyond.", comma(w.Context), comma(own))
		case own > w.Context:
			say("Context %s of %s, as you chose.", comma(w.Context), comma(own))
		default:
			say("Context %s, as you chose.", comma(w.Context))
		}
		if !fits(w.Context, kv) && quantizes && fits(w.Context, "q8_0") {
			say("Its memory of the conversation is kept in 8 bits instead of 16, so that the context fits.")
			return w.Context, "q8_0"
		}
		return w.Context, kv
	}
	best := autoFrom(own)
	tokens = best
	for tokens > leastAuto && !fits(tokens, kv) {
		tokens /= 2
	}
	if tokens < best && quantizes {
		quant := best
		for quant > tokens && !fits(quant, "q8_0") {
			quant /= 2
		}
		if quant > tokens && tokens < 4096 {
			tokens, kv = quant, "q8_0"
			say("Its memory of the conversation is kept in 8 bits instead of 16, which leaves room for twice the context.")
		}
	}
	tokens = max(tokens, min(best, leastAuto))
	switch {
	case tokens < best:
		say("Context %s of %s: more would leave less than %s free.", comma(tokens), comma(max(own, best)), size(w.reserve()))
	case own > tokens:
		say("Context %s of %s: enough for long conversations. Choose more if you need it.", comma(tokens), comma(own))
	default:
		say("Context %s: all that the model was trained for.", comma(tokens))
	}
	if w.KVType != "" && w.KVType != "f16" {
		say("Its memory of the conversation is kept as %s, as you chose.", strings.ToUpper(w.KVType))
	}
	return tokens, kv
}

// judge says how well the load fits the machine's memory, with the bar of it.
func (w Wish) judge(p *backend.LoadPlan) {
	m, f := w.Machine, p.Forecast
	fixed := f.Needed() - w.mapped() // what the system cannot drop
	p.Fit = backend.LoadFits
	if m.MemoryTotal <= 0 {
		p.Devices = []backend.DeviceUse{{Name: "Memory", Model: f.Needed()}}
		p.Reasons = append(p.Reasons, "The system does not say how much memory there is.")
		return
	}
	switch {
	case fixed > m.MemoryTotal:
		p.Fit = backend.LoadFatal
		p.Reasons = append([]string{fmt.Sprintf("It needs %s that cannot be swapped out, and this machine has %s: the system would end it.", size(fixed), size(m.MemoryTotal))}, p.Reasons...)
	case m.MemoryFree > 0 && !f.Fits():
		p.Fit = backend.LoadTight
		p.Reasons = append([]string{fmt.Sprintf("It needs %s, and %s are free: everything would become slow.", size(f.Needed()), size(m.MemoryFree))}, p.Reasons...)
	}
	if w.Unloads != "" {
		p.Reasons = append(p.Reasons, fmt.Sprintf("%s leaves the memory for it.", w.Unloads))
	}
	own := min(max(w.Own, 0), m.MemoryTotal)
	free := min(max(m.MemoryFree, 0), m.MemoryTotal-own)
	use := backend.DeviceUse{Name: "Memory", Total: m.MemoryTotal, Loam: own, Others: m.MemoryTotal - own - free}
	use.Model = min(f.Needed(), free)
	use.Free, use.Short = free-use.Model, f.Needed()-use.Model
	p.Devices = []backend.DeviceUse{use}
}

// mapped is the part of a load that lies in the file's own pages: the system drops them when memory gets short, and reads
// them again.
func (w Wish) mapped() int64 {
	if w.Picture != nil {
		return 0
	}
	return max(0, w.Model.SizeBytes-copiedBytes(w.Load))
}

// card is the bar of the graphics card.
func (w Wish) card(d backend.Device, gpu int) backend.DeviceUse {
	need := w.onCard(gpu)
	free := max(d.FreeBytes, 0)
	use := backend.DeviceUse{Name: cardName(d), Total: max(d.TotalBytes, free), Others: max(d.TotalBytes-free, 0)}
	use.Model = min(need, free)
	use.Free, use.Short = free-use.Model, need-use.Model
	return use
}

func cardName(d backend.Device) string {
	if d.Description != "" {
		return d.Description
	}
	return d.Name
}

func comma(n int) string { return humanize.Comma(int64(n)) }
