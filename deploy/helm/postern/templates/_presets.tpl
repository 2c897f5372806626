{{/*
Annotations for clouds' load balancers: TCP, so that nothing is dropped, and a long idle timeout, so that silent watches live.
aws-nlb: AWS Load Balancer Controller 2.12 or later for the listener attribute. gcp: passthrough network load balancers have no idle
timeout to set; established connections are tracked by their packets, and Postern's TCP keep-alive makes some. azure: 4 minutes by default.
*/}}
{{- define "postern.presetAnnotations" -}}
{{- if eq .Values.service.type "LoadBalancer" }}
{{- if eq .Values.service.preset "aws-nlb" }}
service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip
service.beta.kubernetes.io/aws-load-balancer-scheme: {{ ternary "internal" "internet-facing" .Values.service.internal }}
service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-{{ .Values.service.port }}: tcp.idle_timeout.seconds={{ default 6000 .Values.service.idleTimeoutSeconds }}
service.beta.kubernetes.io/aws-load-balancer-target-group-attributes: preserve_client_ip.enabled=true
service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol: tcp
{{- else if eq .Values.service.preset "gcp" }}
{{- if .Values.service.internal }}
networking.gke.io/load-balancer-type: Internal
{{- else }}
cloud.google.com/l4-rbs: enabled
{{- end }}
{{- else if eq .Values.service.preset "azure" }}
service.beta.kubernetes.io/azure-load-balancer-internal: {{ .Values.service.internal | quote }}
service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout: {{ div (default 1800 .Values.service.idleTimeoutSeconds) 60 | int | min 100 | max 4 | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The annotation by which a controller lets TLS through. */}}
{{- define "postern.passthroughAnnotations" -}}
{{- if eq .Values.ingress.passthrough "ingress-nginx" }}
nginx.ingress.kubernetes.io/ssl-passthrough: "true"
nginx.ingress.kubernetes.io/backend-protocol: HTTPS
{{- else if eq .Values.ingress.passthrough "haproxy-ingress" }}
haproxy-ingress.github.io/ssl-passthrough: "true"
{{- else if eq .Values.ingress.passthrough "haproxytech" }}
haproxy.org/ssl-passthrough: "true"
{{- end }}
{{- end }}
