package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

func TestGate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(audience string, exp time.Time) string {
		encode := base64.RawURLEncoding.EncodeToString
		text := encode([]byte(`{"alg":"RS256"}`)) + "." +
			encode(fmt.Appendf(nil, `{"iss":"https://i","aud":%q,"sub":"jane","groups":["dev","ops"],"exp":%d}`, audience, exp.Unix()))
		sum := sha256.Sum256([]byte(text))
		signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		return text + "." + encode(signature)
	}
	var seen []http.Header
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header) }))
	defer upstream.Close()
	to, _ := url.Parse(upstream.URL)
	verifier := oidc.NewVerifier("https://i", &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.Public()}}, &oidc.Config{ClientID: "bench"})
	gate := httptest.NewServer(authenticated(verifier, newProxy(to, http.DefaultTransport)))
	defer gate.Close()

	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		authorization string
		want          int
	}{
		"good":           {"Bearer " + sign("bench", later), 200},
		"none":           {"", 401},
		"other audience": {"Bearer " + sign("else", later), 401},
		"expired":        {"Bearer " + sign("bench", time.Now().Add(-time.Hour)), 401},
		"forged":         {"Bearer " + sign("bench", later)[:300] + "AAAA", 401},
	} {
		seen = nil
		request, _ := http.NewRequest("GET", gate.URL+"/version", nil)
		request.Header.Set("Authorization", c.authorization)
		request.Header.Set("Impersonate-Uid", "0")
		request.Header.Set("Impersonate-User", "root")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.want || (len(seen) == 1) != (c.want == 200) {
			t.Errorf("%s: %d, %d upstream", name, response.StatusCode, len(seen))
		}
		if c.want == 200 && (seen[0].Get("Authorization") != "" || seen[0].Get("Impersonate-Uid") != "" ||
			!reflect.DeepEqual(seen[0]["Impersonate-User"], []string{"jane"}) || !reflect.DeepEqual(seen[0]["Impersonate-Group"], []string{"dev", "ops"})) {
			t.Errorf("%s: upstream saw %v", name, seen[0])
		}
	}
}
