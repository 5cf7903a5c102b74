// expect: pattern=connection-per-request bench
// Frees crab pots without ropes: a boat over its pots asks for the release of a buoy, and the desk fetches the
// acoustic code from the fishery's key keeper (mutual TLS, a process of its own), encodes it as a chirp train and
// sends it to the boat.
//
// Measured: 643 buoys freed in 5 s, 0.53 s of CPU in 7 s; the twin 693 in 5 s, 0.07 s of CPU in 7 s.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// identity makes the certificate that both the desk and the keeper carry.
func identity() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "keeper"},
		DNSNames: []string{"keeper"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(240 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, err
	}
	packed, err := x509.MarshalECPrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: packed}), err
}

func settings(certificate, key []byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, ClientCAs: roots, ServerName: "keeper",
		ClientAuth: tls.RequireAndVerifyClientCert}, nil
}

// keep is the other process: it answers "CODE buoy" with the code of the hour, on as many connections as are opened.
func keep() {
	config, err := settings([]byte(os.Getenv("KEEPER_CERTIFICATE")), []byte(os.Getenv("KEEPER_KEY")))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	for {
		line, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer line.Close()
			for asked := bufio.NewScanner(line); asked.Scan(); {
				buoy := strings.TrimPrefix(asked.Text(), "CODE ")
				sum := sha256.Sum256([]byte(buoy + "|tanner crab"))
				io.WriteString(line, hex.EncodeToString(sum[:8])+"\n")
			}
		}()
	}
}

func startKeeper() (string, *tls.Config, error) {
	certificate, key, err := identity()
	if err != nil {
		return "", nil, err
	}
	config, err := settings(certificate, key)
	if err != nil {
		return "", nil, err
	}
	keeper := exec.Command("/proc/self/exe")
	keeper.Env = append(os.Environ(), "KEEPER_CERTIFICATE="+string(certificate), "KEEPER_KEY="+string(key))
	keeper.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	told, err := keeper.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := keeper.Start(); err != nil {
		return "", nil, err
	}
	address, err := bufio.NewReader(told).ReadString('\n')
	return strings.TrimSpace(address), config, err
}

type link struct {
	*tls.Conn
	answers *bufio.Reader
}

// Keeper is the desk's side of the key keeper.
type Keeper struct {
	address string
	config  *tls.Config
}

func (k *Keeper) open() (*link, error) {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	line, err := tls.DialWithDialer(dialer, "tcp", k.address, k.config) // <- cost
	if err != nil {
		return nil, err
	}
	return &link{line, bufio.NewReader(line)}, nil
}

func (k *Keeper) withLink(use func(*link) error) error {
	line, err := k.open() // <- cost
	if err != nil {
		return err
	}
	defer line.Close()
	return use(line)
}

func (k *Keeper) Code(buoy string) (code []byte, err error) {
	err = k.withLink(func(line *link) error {
		line.SetDeadline(time.Now().Add(2 * time.Second))
		if _, err := io.WriteString(line, "CODE "+buoy+"\n"); err != nil {
			return err
		}
		answer, err := line.answers.ReadString('\n')
		if err != nil {
			return err
		}
		code, err = hex.DecodeString(strings.TrimSpace(answer))
		return err
	})
	return code, err
}

// chirps turns a code into the tones that the buoy's hydrophone listens for.
func chirps(code []byte, boat string) []uint16 {
	seal := hmac.New(sha256.New, code)
	io.WriteString(seal, boat)
	train := make([]uint16, 0, 2*len(code)+4)
	for _, b := range append(code, seal.Sum(nil)[:2]...) {
		train = append(train, 9000+uint16(b>>4)*120, 9000+uint16(b&15)*120)
	}
	return train
}

type release struct {
	boat, buoy string
	freed      chan []uint16
}

type Desk struct {
	keeper        *Keeper
	wanted        chan release
	freed, failed int64
}

func (d *Desk) serve() {
	for wish := range d.wanted {
		code, err := d.keeper.Code(wish.buoy)
		if err != nil {
			atomic.AddInt64(&d.failed, 1)
			wish.freed <- nil
			continue
		}
		atomic.AddInt64(&d.freed, 1)
		wish.freed <- chirps(code, wish.boat)
	}
}

func (d *Desk) haul(boat string, dice *mathrand.Rand) {
	freed := make(chan []uint16, 1)
	for range time.Tick(50 * time.Millisecond) {
		d.wanted <- release{boat, fmt.Sprintf("%s/%03d", boat, dice.Intn(240)), freed}
		<-freed
	}
}

func main() {
	if os.Getenv("KEEPER_KEY") != "" {
		keep()
	}
	address, config, err := startKeeper()
	if err != nil {
		log.Fatal(err)
	}
	keeper := &Keeper{address: address, config: config}
	desk := &Desk{keeper: keeper, wanted: make(chan release, 16)}
	for i := 0; i < 4; i++ {
		go desk.serve()
	}
	var boats sync.WaitGroup
	for i, boat := range strings.Fields("Arctic-Tern Sea-Otter Guillemot Kittiwake Narwhal Skua Fulmar") {
		boats.Add(1)
		go func(boat string, seed int64) {
			defer boats.Done()
			desk.haul(boat, mathrand.New(mathrand.NewSource(seed)))
		}(boat, int64(i))
	}
	fmt.Printf("ready %d\n", os.Getpid())
	for started := time.Now(); ; {
		time.Sleep(5 * time.Second)
		text := fmt.Sprintf("%.0f s: %d freed, %d failed\n", time.Since(started).Seconds(),
			atomic.LoadInt64(&desk.freed), atomic.LoadInt64(&desk.failed))
		os.WriteFile("desk.txt", []byte(text), 0o644)
	}
}
