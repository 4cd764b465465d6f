package app

import (
	"context"
	"fmt"
	"time"

	"loam/backend/outbound"
)

// The settings that the engines obey, as keys of Setting. The window's own settings (theme, text size, what was open)
// lie beside them under keys of its own.
const (
	KeyThreads = "engine.threads"      // int; 0 = automatic
	KeyDevice  = "engine.device"       // string, a backend.Device.Name; "" = automatic
	KeyVariant = "engine.variant"      // string, a CPU variant such as "zen4"; "" = the best
	KeyIdle    = "engine.idle_minutes" // int; 0 = never unload, -1 = at once; absent = 15
	KeyContext = "engine.context"      // int, tokens; 0 = the engine's choice
	KeyFlash   = "engine.flash_attn"   // string: "", "auto", "on", "off"
	KeyKV      = "engine.kv_type"      // string: "", "f16", "q8_0", "q4_0"
	KeyAwake   = "system.keep_awake"   // bool; absent = true: no sleep while an engine is used
	KeyBattery = "system.save_battery" // bool; absent = true: fewer threads on battery
	KeyStates  = "kv.budget_mb"        // int, MB of disk for the KV states of chats; 0 = keep none; absent = 4000
)

// idleDefault is how long a model stays loaded when nobody uses it.
const idleDefault = 15 * time.Minute

// EngineSettings are the settings that the engines obey, with values that make sense.
type EngineSettings struct {
	Threads   int
	Device    string
	Variant   string
	Context   int
	FlashAttn string
	KVType    string
	Idle      time.Duration // 0 = never unload, below zero = at once
	Awake     bool
	Battery   bool
}

// Setting reads the value of key into v, a pointer, and says whether there is one.
func (a *App) Setting(ctx context.Context, key string, v any) (bool, error) {
	return a.Store.Setting(ctx, key, v)
}

// SetSetting stores v under key. An engine setting of another kind than its key takes is refused. Settings of the
// engines hold from the next load on, the idle time at once.
func (a *App) SetSetting(ctx context.Context, key string, v any) error {
	if v != nil {
		if err := checkSetting(key, v); err != nil {
			return err
		}
	}
	if err := a.Store.SetSetting(ctx, key, v); err != nil {
		return err
	}
	switch key {
	case KeyIdle:
		a.obeyIdle(ctx)
	case KeyAwake:
		a.awake.SetEnabled(a.EngineSettings(ctx).Awake)
	case KeyOffline, KeyProxy, KeyRate:
		a.obeyNetwork(ctx)
	case KeyMeaning:
		a.meaningChanged(ctx)
	case KeyStates:
		a.owned.Go(a.sweepStates)
	}
	return nil
}

func checkSetting(key string, v any) error {
	ok := true
	switch key {
	case KeyThreads, KeyContext, KeyStates:
		n, isInt := v.(int)
		ok = isInt && n >= 0
	case KeyMeaning:
		n, isInt := v.(int)
		ok = isInt && n >= MeaningOff
	case KeyIdle:
		n, isInt := v.(int)
		ok = isInt && n >= -1 && n <= 365*24*60
	case KeyAwake, KeyBattery, KeyOffline:
		_, ok = v.(bool)
	case KeyDevice, KeyVariant:
		_, ok = v.(string)
	case KeyProxy:
		s, isText := v.(string)
		if ok = isText; ok {
			return outbound.CheckProxy(s)
		}
	case KeyFlash:
		s, isText := v.(string)
		ok = isText && oneOf(s, "", "auto", "on", "off")
	case KeyKV:
		s, isText := v.(string)
		ok = isText && oneOf(s, "", "f16", "q8_0", "q4_0")
	}
	if !ok {
		return fmt.Errorf("the setting %s cannot be %v", key, v)
	}
	return nil
}

func oneOf(s string, list ...string) bool {
	for _, l := range list {
		if s == l {
			return true
		}
	}
	return false
}

// EngineSettings reads what the engines obey. A value that cannot be read counts as not set: a bad row must not keep a
// model from loading.
func (a *App) EngineSettings(ctx context.Context) EngineSettings {
	s := EngineSettings{Idle: idleDefault, Awake: true, Battery: true}
	minutes := int(idleDefault / time.Minute)
	for key, v := range map[string]any{
		KeyThreads: &s.Threads, KeyDevice: &s.Device, KeyVariant: &s.Variant, KeyContext: &s.Context,
		KeyFlash: &s.FlashAttn, KeyKV: &s.KVType, KeyIdle: &minutes,
		KeyAwake: &s.Awake, KeyBattery: &s.Battery,
	} {
		if _, err := a.Store.Setting(ctx, key, v); err != nil && ctx.Err() == nil {
			a.log.Warn("A setting could not be read", "key", key, "error", err)
		}
	}
	s.Threads, s.Context = max(0, s.Threads), max(0, s.Context)
	s.Idle = time.Duration(min(max(-1, minutes), 365*24*60)) * time.Minute
	return s
}

// contextWish is how many tokens of context chats ask for; 0 = the engine's choice.
func (a *App) contextWish(ctx context.Context) int { return a.EngineSettings(ctx).Context }
