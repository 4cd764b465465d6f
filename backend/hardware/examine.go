package hardware

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	humanize "github.com/dustin/go-humanize"

	"loam/backend"
)

// Examine turns what the machine is and what others know about the installation into findings, the most general first.
func Examine(m Machine, s Setup) Report {
	r := Report{Machine: m, Engine: s.Engine, Devices: s.Devices}
	if r.Devices == nil {
		r.Devices = []backend.Device{}
	}
	r.Findings = []Finding{cpuFinding(m), memoryFinding(m)}
	if m.OnBattery {
		r.Findings = append(r.Findings, Finding{
			ID: "battery", Title: "Power", State: Warn,
			Detail: "The machine runs on its battery, which makes most laptops compute slower.", Next: "Plug it in for long answers.",
		})
	}
	r.Findings = append(r.Findings, engineFinding(s))
	if s.EngineErr == nil {
		r.Findings = append(r.Findings, variantFinding(m, s), gpuFinding(m, s))
	}
	r.Findings = append(r.Findings, modelFinding(m, s))
	for _, f := range s.Folders {
		r.Findings = append(r.Findings, folderFinding(f))
	}
	return r
}

func cpuFinding(m Machine) Finding {
	name := m.CPU
	if name == "" {
		name = "A processor that does not tell its name"
	}
	f := Finding{ID: "cpu", Title: "Processor", State: OK, Detail: fmt.Sprintf("%s, %s.", name, cores(m))}
	if m.Limited {
		f.Detail += " A container or a setting allows Loam only a part of the machine."
	}
	if m.Arch == "amd64" && !m.Has("AVX2") {
		f.State = Warn
		f.Detail += " It has no AVX2, so models run several times slower than on one that has."
		f.Next = "Choose small models (up to about 1 billion parameters)."
	}
	return f
}

func cores(m Machine) string {
	s := plural(m.PhysicalCores, "core", "cores")
	if m.LogicalCores > m.PhysicalCores {
		s += fmt.Sprintf(" (%d threads)", m.LogicalCores)
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func memoryFinding(m Machine) Finding {
	f := Finding{ID: "memory", Title: "Memory", State: OK}
	if m.MemoryTotal == 0 {
		f.State, f.Detail = Warn, "The system does not say how much memory there is, so Loam cannot tell beforehand what fits."
		return f
	}
	f.Detail = fmt.Sprintf("%s, of which %s are free.", size(m.MemoryTotal), size(m.MemoryFree))
	switch {
	case m.MemoryTotal < 3<<30:
		f.State = Warn
		f.Detail += " That is enough for very small models only."
	case m.MemoryFree < 1<<30:
		f.State = Warn
		f.Next = "Close programs that need much memory before you load a model."
	}
	return f
}

func engineFinding(s Setup) Finding {
	f := Finding{ID: "engine", Title: "Chat engine", State: OK}
	if s.EngineErr != nil {
		f.State = Error
		f.Detail = "The engine did not start: " + s.EngineErr.Error() + "."
		f.Next = "Install Loam again; if that does not help, report this sentence."
		return f
	}
	f.Detail = s.Engine.Engine
	if s.Engine.Build != "" {
		f.Detail += ", build " + s.Engine.Build
	}
	f.Detail += "."
	return f
}

// variantFinding says whether the engine runs with the instructions that the processor has.
func variantFinding(m Machine, s Setup) Finding {
	f := Finding{ID: "variant", Title: "Processor instructions", State: OK}
	best := m.Variant()
	switch v := s.Engine.Variant; {
	case v == "" || v == "static":
		f.State = Warn
		f.Detail = "The engine runs without its plug-ins for this processor: it reads prompts at about an eighth of the speed and writes at about a quarter."
		f.Next = "Build Loam with: make build"
		if s.PluginDir != "" {
			f.Detail += " They were looked for in " + s.PluginDir + "."
		}
	case best != "" && v != best:
		f.Detail = fmt.Sprintf("The engine uses its plug-in %q; this processor could use %q.", v, best)
	default:
		f.Detail = fmt.Sprintf("The engine uses its plug-in %q, the fastest for this processor.", v)
	}
	return f
}

// gpuFinding answers "why am I on the CPU?".
func gpuFinding(m Machine, s Setup) Finding {
	f := Finding{ID: "gpu", Title: "Graphics card", State: OK}
	for _, d := range s.Devices {
		if d.Type == "gpu" || d.Type == "igpu" {
			f.Detail = fmt.Sprintf("Models run on %s.", deviceName(d))
			return f
		}
	}
	because, next, worse := WhyCPU(m, s.Devices)
	f.Detail, f.Next = "Models run on the processor, because "+because+".", next
	if worse {
		f.State = Warn
	}
	return f
}

func deviceName(d backend.Device) string {
	name := d.Description
	if name == "" {
		name = d.Name
	}
	if d.TotalBytes > 0 {
		name += fmt.Sprintf(" (%s of its memory are free, of %s)", size(d.FreeBytes), size(d.TotalBytes))
	}
	return name
}

func modelFinding(m Machine, s Setup) Finding {
	f := Finding{ID: "model", Title: "Model for new chats", State: OK}
	if s.Default == nil {
		f.State, f.Detail = Warn, "No chat model is installed."
		f.Next = "Add a model file (GGUF) on the page Models, or drop one onto the window."
		return f
	}
	need := Forecast(*s.Default, 0, m)
	f.Detail = fmt.Sprintf("%s, %s, needs about %s of memory.", s.Default.Name, size(s.Default.SizeBytes), size(need.Needed()))
	switch {
	case m.MemoryFree > 0 && !need.Fits():
		f.State = Warn
		f.Detail += fmt.Sprintf(" Only %s are free.", size(m.MemoryFree))
		f.Next = "Close other programs or choose a smaller model."
	case s.Default.Starter:
		f.Detail += " It is tiny: it shows how Loam works and is often wrong."
		f.Next = "Add a larger model on the page Models."
	}
	return f
}

// Space below which a folder is reported.
const (
	lowSpace = 5 << 30
	noSpace  = 200 << 20
)

func folderFinding(folder Folder) Finding {
	f := Finding{ID: "disk:" + folder.ID, Title: folder.Name, State: OK}
	info, err := os.Stat(folder.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		f.State, f.Detail = Warn, folder.Path+" is not there."
		f.Next = "It will be made when it is needed; connect its disk if it should be on one."
		return f
	case err != nil:
		f.State, f.Detail = Error, folder.Path+" cannot be reached: "+reason(err)+"."
		return f
	case !info.IsDir():
		f.State, f.Detail, f.Next = Error, folder.Path+" is not a folder.", "Move that file away."
		return f
	case !writable(folder.Path):
		f.State, f.Detail, f.Next = Error, folder.Path+" cannot be written.", "Give yourself the right to write there, or choose another folder with --data."
		return f
	}
	free, err := diskFree(folder.Path)
	if err != nil {
		f.Detail = folder.Path + "."
		return f
	}
	f.Detail = fmt.Sprintf("%s, %s free.", folder.Path, size(free))
	switch {
	case free < noSpace:
		f.State, f.Next = Error, "Free some space: chats can no longer be stored safely."
	case free < lowSpace:
		f.State, f.Next = Warn, "Free some space before you add models."
	case folder.ID == "data" && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		f.State, f.Detail = Warn, f.Detail+" Other people with an account on this machine can look into it."
		f.Next = "Keep your chats to yourself: chmod 700 on that folder."
	}
	return f
}

func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func size(n int64) string {
	return strings.ReplaceAll(humanize.Bytes(uint64(max(n, 0))), "\u00a0", " ")
}
