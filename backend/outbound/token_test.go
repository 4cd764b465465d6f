package outbound_test

import (
	"os"
	"testing"

	"github.com/zalando/go-keyring"

	"loam/backend/outbound"
)

// LOAM_TEST_KEYRING=real asks the system's own keyring, which must be unlocked; else one in memory stands in for it.
func TestASecretIsKeptAndForgotten(t *testing.T) {
	if os.Getenv("LOAM_TEST_KEYRING") != "real" {
		keyring.MockInit()
	}
	var k outbound.Keyring
	const name = "a test of Loam"
	for _, secret := range []string{"hf_one", "hf_two ünï", ""} {
		if err := k.Set(t.Context(), name, secret); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get(t.Context(), name); err != nil || got != secret {
			t.Errorf("%q came back as %q, %v", secret, got, err)
		}
	}
	if err := k.Set(t.Context(), name, ""); err != nil { // what is not there can be removed
		t.Error(err)
	}
}
