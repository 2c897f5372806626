{{/* Where replicas go: off each other's nodes, spread over zones, as hard as the values say. */}}
{{- define "postern.placement" -}}
{{- if .Values.affinity }}
affinity:
  {{- toYaml .Values.affinity | nindent 2 }}
{{- else if ne .Values.podAntiAffinity "None" }}
affinity:
  podAntiAffinity:
    {{- if eq .Values.podAntiAffinity "Hard" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "postern.selector" . | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "postern.selector" . | nindent 14 }}
    {{- end }}
{{- end }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
{{- else if ne .Values.topologySpread "None" }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" (eq .Values.topologySpread "Hard") }}
    labelSelector:
      matchLabels:
        {{- include "postern.selector" . | nindent 8 }}
{{- end }}
{{- end }}
