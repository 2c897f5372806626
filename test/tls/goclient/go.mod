module postern.dev/test/tls

go 1.25
