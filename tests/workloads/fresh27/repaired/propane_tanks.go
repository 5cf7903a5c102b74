// expect: healthy bench
// Uplink of a depot for propane tanks: turns the raw pulses of the gauges into fill levels, and posts each reading to
// the portal of the gas company, over HTTPS.
//
// Measured: at 160 readings a second 0.16 to 0.18 cores; mended 0.05 cores.
package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	mrand "math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

const (
	tanks    = 300
	rate     = 160
	uplinks  = 4
	capacity = 2700.0
)

// The portal of the gas company (a process of its own).
const portal = `
import os, ssl, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("portal.pem", "portal.key")
print(services.http_service(lambda path: b'{"accepted": true}', context=context), flush=True)
`

type pulse struct {
	tank  int
	raw   int
	taken time.Time
}

type reading struct {
	Tank    int     `json:"tank"`
	Litres  float64 `json:"litres"`
	Percent float64 `json:"percent"`
	Refill  bool    `json:"refill"`
	Taken   string  `json:"taken"`
}

type uplink struct {
	url    string
	client *http.Client
	sent   atomic.Int64
	failed atomic.Int64
}

func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots},
			MaxIdleConnsPerHost: uplinks,
		},
	}
}

func (u *uplink) post(r reading) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/tanks/%d/readings", u.url, r.Tank)
	answer, err := u.client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("portal says %s", answer.Status)
	}
	return nil
}

func (u *uplink) run(pulses <-chan pulse) {
	for p := range pulses {
		if err := u.post(convert(p)); err != nil {
			u.failed.Add(1)
			log.Printf("tank %d: %v", p.tank, err)
			time.Sleep(time.Second)
			continue
		}
		u.sent.Add(1)
	}
}

// convert knows the float's lever: litres are no line in the angle.
func convert(p pulse) reading {
	share := float64(p.raw) / 4095
	litres := capacity * (0.04*share + 0.96*share*share*(3-2*share))
	percent := 100 * litres / capacity
	return reading{
		Tank:    p.tank,
		Litres:  float64(int(litres*10)) / 10,
		Percent: float64(int(percent*10)) / 10,
		Refill:  percent < 15,
		Taken:   p.taken.UTC().Format(time.RFC3339),
	}
}

// gauges reports what the radio hears.
func gauges(pulses chan<- pulse) {
	levels := make([]int, tanks)
	for n := range levels {
		levels[n] = 400 + mrand.Intn(3600)
	}
	for range time.Tick(time.Second / rate) {
		tank := mrand.Intn(tanks)
		levels[tank] -= mrand.Intn(3)
		if levels[tank] < 100 {
			levels[tank] = 4000
		}
		select {
		case pulses <- pulse{tank, levels[tank], time.Now()}:
		default:
		}
	}
}

// certify makes the certificate that the depot and the portal agreed on.
func certify() (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	subject := x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "portal"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	made, err := x509.CreateCertificate(rand.Reader, &subject, &subject, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})
	if err := os.WriteFile("portal.pem", certificate, 0o644); err != nil {
		return nil, err
	}
	secretText := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots, os.WriteFile("portal.key", secretText, 0o600)
}

func startPortal() (string, error) {
	command := exec.Command(os.Getenv("PYTHON"), "-c", portal)
	out, err := command.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := command.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", err
	}
	return "https://127.0.0.1:" + strings.TrimSpace(line), command.Wait()
}

func main() {
	roots, err := certify()
	if err != nil {
		log.Fatal(err)
	}
	address, err := startPortal()
	if err != nil {
		log.Fatal(err)
	}
	up := &uplink{url: address, client: newClient(roots)}
	pulses := make(chan pulse, 256)
	for n := 0; n < uplinks; n++ {
		go up.run(pulses)
	}
	go gauges(pulses)
	for up.sent.Load() < 50 {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Println("ready", os.Getpid())
	for range time.Tick(10 * time.Second) {
		status := fmt.Sprintf("sent %d failed %d waiting %d\n", up.sent.Load(), up.failed.Load(), len(pulses))
		if err := os.WriteFile("status.txt", []byte(status), 0o644); err != nil {
			log.Print(err)
		}
	}
}
