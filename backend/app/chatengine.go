package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/modelfile"
	"loam/backend/residency"
)

// The chat drivers; their libraries lie in lib/loam/chat-pack and lib/loam/chat.
const (
	ChatPack     = string(modelfile.EnginePack)
	ChatEmbedded = string(modelfile.EngineEmbedded)

	folderChatPack = "chat-pack"
)

// ErrNeedsPack is a chat model that only the chat pack can run, where that is not installed.
var ErrNeedsPack = errors.New("it needs the chat pack, which is not installed")

// EngineChoice says which chat engine a model runs on, and why.
type EngineChoice struct {
	Engine    string `json:"engine"`    // "llama-pack" or "llama-embedded"
	Chosen    string `json:"chosen"`    // what a person chose for this model; "" = automatic
	Installed bool   `json:"installed"` // Engine is here
	Pack      bool   `json:"pack"`      // the pack is installed
	Fault     string `json:"fault"`     // one clause: why Engine cannot run the model; "" = nothing is known against it
	Other     string `json:"other"`     // one sentence: what the other engine would do better or cannot do; "" = nothing

	Capabilities *backend.Capabilities `json:"capabilities,omitempty"` // of Engine, as it told when it last loaded a model; nil = it never did
}

// chatFolder is the folder of an engine's libraries; "" = there is none.
func (a *App) chatFolder(name string) string {
	if name != ChatPack {
		return pluginDir(a.LibDir)
	}
	if dir := filepath.Join(a.LibDir, folderChatPack); a.LibDir != "" && isFolder(dir) {
		return dir
	}
	return ""
}

// ChatEngine is the engine of models for which nobody chose one: the pack where it is installed, else the embedded one.
func (a *App) ChatEngine() string {
	switch {
	case a.deps.Engine != "":
		return a.deps.Engine
	case a.chatFolder(ChatPack) != "":
		return ChatPack
	}
	return ChatEmbedded
}

func modelEngineKey(id int64) string { return fmt.Sprintf("model.%d.engine", id) }

// ModelEngine is the chat engine that a person chose for a model; "" = automatic.
func (a *App) ModelEngine(ctx context.Context, id int64) (string, error) {
	var name string
	_, err := a.Store.Setting(ctx, modelEngineKey(id), &name)
	return name, err
}

// SetModelEngine chooses the chat engine of a model, from its next load on; "" = automatic.
func (a *App) SetModelEngine(ctx context.Context, id int64, name string) error {
	if !oneOf(name, "", ChatPack, ChatEmbedded) {
		return fmt.Errorf("there is no chat engine %q", name)
	}
	if name == "" {
		return a.Store.SetSetting(ctx, modelEngineKey(id), nil)
	}
	return a.Store.SetSetting(ctx, modelEngineKey(id), name)
}

func capabilitiesKey(engine string) string { return "engine." + engine + ".capabilities" }

// learnCapabilities keeps what an engine says of itself when it has loaded a model, so that the window knows before the
// next load.
func (a *App) learnCapabilities(e event.EngineChanged) {
	if e.State != event.EngineReady || e.Capabilities == nil {
		return
	}
	if err := a.Store.SetSetting(a.base, capabilitiesKey(e.Info.Engine), e.Capabilities); err != nil && a.base.Err() == nil {
		a.log.Debug("What an engine can do could not be kept", "engine", e.Info.Engine, "error", err)
	}
}

// EngineOf says which chat engine a model would run on now. It reads the model's header, so it takes a moment.
func (a *App) EngineOf(ctx context.Context, m backend.Model) (EngineChoice, error) {
	chosen, err := a.ModelEngine(ctx, m.ID)
	if err != nil {
		return EngineChoice{}, err
	}
	c := EngineChoice{Engine: a.ChatEngine(), Chosen: chosen, Pack: a.chatFolder(ChatPack) != ""}
	if chosen != "" && a.deps.Engine == "" {
		c.Engine = chosen
	}
	c.Installed = c.Engine != ChatPack || c.Pack
	var can backend.Capabilities
	if found, err := a.Store.Setting(ctx, capabilitiesKey(c.Engine), &can); err == nil && found {
		c.Capabilities = &can
	}
	var embedded, pack string
	if f, err := modelfile.Identify(m.Path); err == nil { // else the load says what is wrong with the file
		embedded, pack = f.FaultOf(modelfile.EngineEmbedded), f.FaultOf(modelfile.EnginePack)
	}
	switch c.Engine {
	case ChatPack:
		c.Fault = pack
		if embedded != "" && pack == "" {
			c.Other = "The built-in engine cannot run this model."
		}
	case ChatEmbedded:
		c.Fault = embedded
		switch {
		case embedded != "" && pack == "" && c.Pack:
			c.Other = "The chat pack runs this model."
		case embedded != "" && pack == "":
			c.Other = "The chat pack would run this model; it is not installed."
		case c.Pack:
			c.Other = "The chat pack uses the model's own template, takes thinking and tool calls apart, and is faster."
		}
	}
	return c, nil
}

// chatEngineFor is the engine of a need: the one of an earlier run that is to be continued, where it is here, else the
// choice for the model. A model that this engine cannot run, while another could, is an error and no bad file.
func (a *App) chatEngineFor(ctx context.Context, n residency.Need) (string, error) {
	if a.deps.Engine != "" {
		return a.deps.Engine, nil
	}
	if n.Like != nil && (n.Like.Engine == ChatEmbedded || n.Like.Engine == ChatPack && a.chatFolder(ChatPack) != "") {
		return n.Like.Engine, nil
	}
	c, err := a.EngineOf(ctx, n.Model)
	switch {
	case err != nil:
		return "", err
	case !c.Installed:
		return "", errors.New("the chat pack was chosen for it and is not installed; choose the built-in engine in the model's settings")
	case c.Fault != "" && c.Engine == ChatEmbedded && c.Pack && c.Other != "":
		return "", fmt.Errorf("%s; the chat pack runs it: choose that in the model's settings", c.Fault)
	case c.Fault != "" && c.Engine == ChatEmbedded && c.Other != "":
		return "", fmt.Errorf("%w: %s", ErrNeedsPack, c.Fault)
	}
	return c.Engine, nil
}
