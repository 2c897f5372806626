package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"unsafe"

	"github.com/sirupsen/logrus"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
	"sigs.k8s.io/yaml"
)

// verdict is what is printed for a token.
type verdict struct {
	// Identity is the verifier's answer; nil when it refused, with Error.
	Identity *token.Identity `json:"identity,omitempty"`
	Error    string          `json:"error,omitempty"`
	// Review is the server's answer to a TokenReview.
	Review authenticationv1beta1.TokenReviewStatus `json:"review"`
}

// judge prints a verdict for each line of standard input.
func judge(cluster, partition, configMapFile string) error {
	if err := routeToLocalSTS(os.Getenv("STS_ADDRESS"), os.Getenv("STS_CA")); err != nil {
		return err
	}
	logrus.SetOutput(io.Discard)
	verifier := token.NewVerifier(cluster, partition, "")
	handler, err := openServer(cluster, partition, configMapFile)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		said := verdict{}
		if said.Identity, err = verifier.Verify(lines.Text()); err != nil {
			said.Error = err.Error()
		}
		if said.Review, err = review(handler, lines.Text()); err != nil {
			return err
		}
		printed, err := json.Marshal(said)
		if err != nil {
			return err
		}
		fmt.Println(string(printed))
	}
	return lines.Err()
}

// routeToLocalSTS leads every connection to one address, whose certificate must be good for the name that was asked.
func routeToLocalSTS(address, authority string) error {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", authority)
	}
	dialer := &net.Dialer{}
	http.DefaultTransport = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	return nil
}

// openServer builds the module's server with the mappings of an aws-auth ConfigMap, and takes its handler: running the server would open a
// fixed port of its own for health checks.
func openServer(cluster, partition, configMapFile string) (http.Handler, error) {
	content, err := os.ReadFile(configMapFile)
	if err != nil {
		return nil, err
	}
	awsAuth := corev1.ConfigMap{}
	if err := yaml.Unmarshal(content, &awsAuth); err != nil {
		return nil, err
	}
	users, roles, accounts, err := configmap.ParseMap(awsAuth.Data)
	if err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp("", "authenticator-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(state)
	made := server.New(config.Config{
		ClusterID:               cluster,
		PartitionID:             partition,
		Address:                 "127.0.0.1",
		Hostname:                "127.0.0.1",
		StateDir:                state,
		KubeconfigPregenerated:  true,
		BackendMode:             []string{mapper.ModeMountedFile},
		UserMappings:            users,
		RoleMappings:            roles,
		AutoMappedAWSAccounts:   accounts,
		EC2DescribeInstancesQps: 1, EC2DescribeInstancesBurst: 1,
	}, make(chan struct{}))
	field := reflect.ValueOf(made).Elem().FieldByName("httpServer")
	if !field.IsValid() {
		return nil, fmt.Errorf("the server has no field httpServer any more")
	}
	return (*http.Server)(unsafe.Pointer(field.UnsafeAddr())).Handler, nil
}

func review(handler http.Handler, text string) (authenticationv1beta1.TokenReviewStatus, error) {
	answer := authenticationv1beta1.TokenReview{}
	body, err := json.Marshal(authenticationv1beta1.TokenReview{Spec: authenticationv1beta1.TokenReviewSpec{Token: text}})
	if err != nil {
		return answer.Status, err
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/authenticate", bytes.NewReader(body)))
	err = json.Unmarshal(recorder.Body.Bytes(), &answer)
	return answer.Status, err
}
