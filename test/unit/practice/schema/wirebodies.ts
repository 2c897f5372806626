// Bodies that real clients sent as application/vnd.kubernetes.protobuf, and the same objects as those clients write them in JSON.

/** A recorded body and its object as JSON. */
export interface Recorded {
  readonly what: string;
  readonly base64: string;
  readonly json: string;
}

/** What kubectl 1.35.2 posted; the JSON of the creations is that of `--dry-run=client -o json`. */
export const KUBECTL: readonly Recorded[] = [
  {
    what: 'create configmap settings --from-literal=colour=blue --from-literal=empty= --from-file=bin',
    base64:
      'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEkEKGAoIc2V0dGluZ3MSABoAIgAqADIAOABCABIOCgZjb2xvdXISBGJsdWUSCQoFZW1wdHkSABoKCgNiaW4SAwD//hoAIgA=',
    json: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"colour":"blue","empty":""},"binaryData":{"bin":"AP/+"}}',
  },
  {
    what: 'create secret generic token --from-literal=password=s3cret',
    base64: 'azhzAAoMCgJ2MRIGU2VjcmV0Ei0KFQoFdG9rZW4SABoAIgAqADIAOABCABISCghwYXNzd29yZBIGczNjcmV0GgAaACIA',
    json: '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"token"},"data":{"password":"czNjcmV0"}}',
  },
  {
    what: 'create deployment web --image=nginx:1.27 --replicas=2 --port=80',
    base64:
      'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAISDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
    json: '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx:1.27","ports":[{"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}}',
  },
  {
    what: 'create service clusterip web --tcp=80:8080',
    base64:
      'azhzAAoNCgJ2MRIHU2VydmljZRJpCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkIKGwoHODAtODA4MBIDVENQGFAiBwgAEJA/GgAoABIKCgNhcHASA3dlYhoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
    json: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"ports":[{"name":"80-8080","protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":"web"},"type":"ClusterIP"},"status":{"loadBalancer":{}}}',
  },
  {
    what: 'create service nodeport web --tcp=443:https --node-port=30443',
    base64:
      'azhzAAoNCgJ2MRIHU2VydmljZRJxCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkoKJAoJNDQzLWh0dHBzEgNUQ1AYuwMiCwgBEAAaBWh0dHBzKOvtARIKCgNhcHASA3dlYhoAIghOb2RlUG9ydDoAQgBSAFoAYABoABoCCgAaACIA',
    json: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"ports":[{"name":"443-https","protocol":"TCP","port":443,"targetPort":"https","nodePort":30443}],"selector":{"app":"web"},"type":"NodePort"},"status":{"loadBalancer":{}}}',
  },
  {
    what: 'create namespace team-a',
    base64: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh4KFgoGdGVhbS1hEgAaACIAKgAyADgAQgASABoCCgAaACIA',
    json: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team-a"},"spec":{},"status":{}}',
  },
  {
    what: 'create serviceaccount robot',
    base64: 'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFwoVCgVyb2JvdBIAGgAiACoAMgA4AEIAGgAiAA==',
    json: '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot"}}',
  },
  {
    what: 'create role reader --verb=get,list --resource=pods',
    base64:
      'azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEi0KFgoGcmVhZGVyEgAaACIAKgAyADgAQgASEwoDZ2V0CgRsaXN0EgAaBHBvZHMaACIA',
    json: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"reader"},"rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}]}',
  },
  {
    what: 'create clusterrole metrics --verb=get --non-resource-url=/metrics',
    base64:
      'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtDbHVzdGVyUm9sZRIqChcKB21ldHJpY3MSABoAIgAqADIAOABCABIPCgNnZXQqCC9tZXRyaWNzGgAiAA==',
    json: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"metrics"},"rules":[{"verbs":["get"],"nonResourceURLs":["/metrics"]}]}',
  },
  {
    what: 'create rolebinding readers --role=reader --user=ann --group=ops --serviceaccount=web:robot',
    base64:
      'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxK5AQoXCgdyZWFkZXJzEgAaACIAKgAyADgAQgASKAoEVXNlchIZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxoDYW5uIgASKQoFR3JvdXASGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8aA29wcyIAEh4KDlNlcnZpY2VBY2NvdW50EgAaBXJvYm90IgN3ZWIaKQoZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxIEUm9sZRoGcmVhZGVyGgAiAA==',
    json: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"readers"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"ann"},{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"ops"},{"kind":"ServiceAccount","name":"robot","namespace":"web"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"reader"}}',
  },
  {
    what: 'create clusterrolebinding admins --clusterrole=cluster-admin --group=admins',
    base64:
      'azhzAAoyChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEhJDbHVzdGVyUm9sZUJpbmRpbmcSfwoWCgZhZG1pbnMSABoAIgAqADIAOABCABIsCgVHcm91cBIZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxoGYWRtaW5zIgAaNwoZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxILQ2x1c3RlclJvbGUaDWNsdXN0ZXItYWRtaW4aACIA',
    json: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"admins"},"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"admins"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"}}',
  },
  {
    what: 'auth can-i create pods --subresource=exec -n web',
    base64:
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KA3dlYhIGY3JlYXRlGgAiACoEcG9kczIEZXhlYzoAGggIABIAGgAgABoAIgA=',
    json: '{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{},"spec":{"resourceAttributes":{"namespace":"web","verb":"create","resource":"pods","subresource":"exec"}},"status":{"allowed":false}}',
  },
  {
    what: 'auth whoami',
    base64:
      'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoECgASABoAIgA=',
    json: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","metadata":{},"status":{"userInfo":{}}}',
  },
  {
    what: 'auth can-i --list -n web',
    base64:
      'azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIfChAKABIAGgAiACoAMgA4AEIAEgUKA3dlYhoEGAAiABoAIgA=',
    json: '{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","metadata":{},"spec":{"namespace":"web"},"status":{"incomplete":false}}',
  },
  {
    what: 'auth can-i get /practice/x',
    base64:
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSMgoQCgASABoAIgAqADIAOABCABIUEhIKCy9wcmFjdGljZS94EgNnZXQaCAgAEgAaACAAGgAiAA==',
    json: '{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{},"spec":{"nonResourceAttributes":{"path":"/practice/x","verb":"get"}},"status":{"allowed":false}}',
  },
];

/** What a Go program made with the serializers of k8s.io/apimachinery and k8s.io/api v0.36.3: protobuf.NewSerializer and json.Marshal. */
export const GO: readonly Recorded[] = [
  {
    what: 'a pod with most kinds of fields',
    base64:
      'azhzAAoJCgJ2MRIDUG9kEvcECpIBCgRmdWxsEgAaACIAKgAyADgAQggIpevcygYQAFAAaiMKClJlcGxpY2FTZXQaA3dlYiIDdS0xKgdhcHBzL3YxMAE4AIoBTAoHa3ViZWN0bBIFQXBwbHkaAnYxIggIpuvcygYQADIIRmllbGRzVjE6IAoeeyJmOnNwZWMiOnsiZjpjb250YWluZXJzIjp7fX19QgASygMKIwoDY2ZnEhyaARkKCgoIc2V0dGluZ3MSCAoBYRIBYhgAGKQDCgsKA3RtcBIEEgIKAAoVCgNhbGwSDtIBCwoJCgcKAwoBcyABEt8BCgFjEgdidXN5Ym94KgA6BQoBRRIAOh8KAUYSABoYGhYKCgoIc2V0dGluZ3MSBmNvbG91chgAOh8KA0NQVRIAGhYSFAoAEgpsaW1pdHMuY3B1GgQKAjFtQiEKDQoDY3B1EgYKBDI1MG0KEAoGbWVtb3J5EgYKBDY0TWlSJAoYEhYKAS8SCQgBEAAaA3dlYhoAIgRIVFRQEAAYACAFKAAwAFoZCg0aCwoHCAAQkD8aABIAEAAYACAAKAAwAGIGEgQiAggAagByAIABAIgBAJABAZoBCQoAGgUKAwoBc6IBABoAIAAyAEIASgBSAFgAYABoAHIMEAAYACAAIICAgIAQggEAigEAmgEAsgEZCgASBkV4aXN0cxoAIgAo////////////AcIBAIoCKggBEgR6b25lGg1Eb05vdFNjaGVkdWxlIhESDwoDYXBwEgJJbhoBYRoBYpICJwoiCgNkYmcSB2J1c3lib3gqAEIAagByAIABAYgBAJABAKIBABIBYxoTCgAaACIAKgAyAEoAWgByAIgBABoAIgA=',
    json: '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"full","creationTimestamp":"2026-01-02T03:04:05Z","deletionGracePeriodSeconds":0,"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"u-1","controller":true,"blockOwnerDeletion":false}],"managedFields":[{"manager":"kubectl","operation":"Apply","apiVersion":"v1","time":"2026-01-02T03:04:06Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:containers":{}}}}]},"spec":{"volumes":[{"name":"cfg","configMap":{"name":"settings","items":[{"key":"a","path":"b","mode":0}],"defaultMode":420}},{"name":"tmp","emptyDir":{}},{"name":"all","projected":{"sources":[{"secret":{"name":"s","optional":true}}]}}],"containers":[{"name":"c","image":"busybox","envFrom":[{"secretRef":{"name":"s"}}],"env":[{"name":"E"},{"name":"F","valueFrom":{"configMapKeyRef":{"name":"settings","key":"colour","optional":false}}},{"name":"CPU","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"}}}],"resources":{"limits":{"cpu":"250m","memory":"64Mi"}},"livenessProbe":{"httpGet":{"path":"/","port":"web","scheme":"HTTP"},"periodSeconds":5},"readinessProbe":{"tcpSocket":{"port":8080}},"lifecycle":{"preStop":{"sleep":{"seconds":0}}},"tty":true}],"ephemeralContainers":[{"name":"dbg","image":"busybox","resources":{},"stdin":true,"targetContainerName":"c"}],"terminationGracePeriodSeconds":0,"securityContext":{"runAsUser":0,"runAsNonRoot":false,"supplementalGroups":[0,4294967296]},"tolerations":[{"operator":"Exists","tolerationSeconds":-1}],"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["a","b"]}]}}]},"status":{}}',
  },
  {
    what: 'an event with microseconds, also before 1970',
    base64:
      'azhzAAoZChBldmVudHMuazhzLmlvL3YxEgVFdmVudBJqChQKAWUSABoDd2ViIgAqADIAOABCABIKCKXr3MoGEPCwKRoUCAISEAj///////////8BEIDlmnciACoAMgA6AEISCgNQb2QSABoBcCIAKgAyADoAUgBaBk5vcm1hbGIECgASAGoAcgB4ABoAIgA=',
    json: '{"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"e","namespace":"web"},"eventTime":"2026-01-02T03:04:05.000678Z","series":{"count":2,"lastObservedTime":"1969-12-31T23:59:59.250000Z"},"regarding":{"kind":"Pod","name":"p"},"type":"Normal","deprecatedSource":{},"deprecatedFirstTimestamp":null,"deprecatedLastTimestamp":null}',
  },
  {
    what: 'a deployment with zeros',
    base64:
      'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErEBChQKBHJvbGwSABoAIgAqADIAOABCABKKAQgAEg0KCwoDYXBwEgRyb2xsGksKEAoAEgAaACIAKgAyADgAQgASNxIZCgASAWkqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiJAoNUm9sbGluZ1VwZGF0ZRITCgkIARAAGgMyNSUSBggAEAEaACgAMAA4ARoMCAAQABgAIAAoADgAGgAiAA==',
    json: '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"roll"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"roll"}},"template":{"metadata":{},"spec":{"containers":[{"name":"","image":"i","resources":{}}]}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":1}},"revisionHistoryLimit":0,"paused":true},"status":{}}',
  },
  {
    what: 'options of a deletion',
    base64: 'azhzAAoYCgdhcHBzL3YxEg1EZWxldGVPcHRpb25zEhoIABIFCgN1LTEiCkZvcmVncm91bmQqA0FsbBoAIgA=',
    json: '{"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0,"preconditions":{"uid":"u-1"},"propagationPolicy":"Foreground","dryRun":["All"]}',
  },
  {
    what: 'options of a deletion, none set',
    base64: 'azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIAGgAiAA==',
    json: '{"kind":"DeleteOptions","apiVersion":"v1"}',
  },
  {
    what: 'a scale',
    base64:
      'azhzAAoXCg5hdXRvc2NhbGluZy92MRIFU2NhbGUSKgoXCgN3ZWISABoDd2ViIgAqADIBNzgAQgASAggDGgsIABIHYXBwPXdlYhoAIgA=',
    json: '{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"web","resourceVersion":"7"},"spec":{"replicas":3},"status":{"replicas":0,"selector":"app=web"}}',
  },
  {
    what: 'a scale that is empty',
    base64: 'azhzAAoXCg5hdXRvc2NhbGluZy92MRIFU2NhbGUSHwoTCgN3ZWISABoAIgAqADIAOABCABICCAAaBAgAEgAaACIA',
    json: '{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web"},"spec":{},"status":{"replicas":0}}',
  },
  {
    what: 'an eviction',
    base64: 'azhzAAoVCglwb2xpY3kvdjESCEV2aWN0aW9uEhoKFAoBcBIAGgN3ZWIiACoAMgA4AEIAEgIIBRoAIgA=',
    json: '{"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":"p","namespace":"web"},"deleteOptions":{"gracePeriodSeconds":5}}',
  },
  {
    what: 'a review with extra',
    base64:
      'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3Ej8KEAoAEgAaACIAKgAyADgAQgASKwopCgNhbm4SABoBYRoBYiIICgRub25lEgAiEAoGc2NvcGVzEgYKAXgKAXkaACIA',
    json: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"status":{"userInfo":{"username":"ann","groups":["a","b"],"extra":{"none":[],"scopes":["x","y"]}}}}',
  },
  {
    what: 'a list',
    base64:
      'azhzAAoTCgJ2MRINQ29uZmlnTWFwTGlzdBJQCgkKABIBORoAIAASFQoRCgFhEgAaACIAKgAyADgAQgAgABIsChEKAWISABoAIgAqADIAOABCABIECgASABIRCglfX3Byb3RvX18SBGtlcHQaACIA',
    json: '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9","remainingItemCount":0},"items":[{"metadata":{"name":"a"},"immutable":false},{"metadata":{"name":"b"},"data":{"":"","__proto__":"kept"}}]}',
  },
];
