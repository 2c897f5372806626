// The field numbers of core/v1 in Protocol Buffers: facts of k8s.io/api v0.36 (the protobuf and json tags of types.go, as in generated.proto).
// How they are written down is told in wirenumbers.ts; a test compares them with generated.proto.

/** The structs of core/v1, by their short names. */
export const CORE_NUMBERS: Readonly<Record<string, string>> = {
  'core.v1.Affinity': 'nodeAffinity=1 podAffinity=2 podAntiAffinity=3',
  'core.v1.AppArmorProfile': 'type=1! localhostProfile=2?',
  'core.v1.CSIVolumeSource': 'driver=1! readOnly=2? fsType=3? volumeAttributes=4 nodePublishSecretRef=5',
  'core.v1.Capabilities': 'add=1 drop=2',
  'core.v1.ClientIPConfig': 'timeoutSeconds=1?',
  'core.v1.ClusterTrustBundleProjection': 'name=1? signerName=2? labelSelector=3 path=4! optional=5?',
  'core.v1.ConfigMap': 'metadata=1 data=2 binaryData=3 immutable=4?',
  'core.v1.ConfigMapEnvSource': 'name=1.1 optional=2?',
  'core.v1.ConfigMapKeySelector': 'name=1.1 key=2! optional=3?',
  'core.v1.ConfigMapProjection': 'name=1.1 items=2 optional=4?',
  'core.v1.ConfigMapVolumeSource': 'name=1.1 items=2 defaultMode=3? optional=4?',
  'core.v1.Container': `
    name=1! image=2 command=3 args=4 workingDir=5 ports=6 env=7 resources=8 volumeMounts=9 livenessProbe=10
    readinessProbe=11 lifecycle=12 terminationMessagePath=13 imagePullPolicy=14 securityContext=15 stdin=16
    stdinOnce=17 tty=18 envFrom=19 terminationMessagePolicy=20 volumeDevices=21 startupProbe=22
    resizePolicy=23 restartPolicy=24? restartPolicyRules=25`,
  'core.v1.ContainerExtendedResourceRequest': 'containerName=1! resourceName=2! requestName=3!',
  'core.v1.ContainerPort': 'name=1 hostPort=2 containerPort=3! protocol=4 hostIP=5',
  'core.v1.ContainerResizePolicy': 'resourceName=1! restartPolicy=2!',
  'core.v1.ContainerRestartRule': 'action=1 exitCodes=2',
  'core.v1.ContainerRestartRuleOnExitCodes': 'operator=1 values=2',
  'core.v1.ContainerState': 'waiting=1 running=2 terminated=3',
  'core.v1.ContainerStateRunning': 'startedAt=1',
  'core.v1.ContainerStateTerminated': `
    exitCode=1! signal=2 reason=3 message=4 startedAt=5 finishedAt=6 containerID=7`,
  'core.v1.ContainerStateWaiting': 'reason=1 message=2',
  'core.v1.ContainerStatus': `
    name=1! state=2 lastState=3 ready=4! restartCount=5! image=6! imageID=7! containerID=8 started=9?
    allocatedResources=10 resources=11 volumeMounts=12 user=13 allocatedResourcesStatus=14 stopSignal=15?`,
  'core.v1.ContainerUser': 'linux=1',
  'core.v1.DownwardAPIProjection': 'items=1',
  'core.v1.DownwardAPIVolumeFile': 'path=1! fieldRef=2 resourceFieldRef=3 mode=4?',
  'core.v1.DownwardAPIVolumeSource': 'items=1 defaultMode=2?',
  'core.v1.EmptyDirVolumeSource': 'medium=1 sizeLimit=2',
  'core.v1.EnvFromSource': 'prefix=1 configMapRef=2 secretRef=3',
  'core.v1.EnvVar': 'name=1! value=2 valueFrom=3',
  'core.v1.EnvVarSource': 'fieldRef=1 resourceFieldRef=2 configMapKeyRef=3 secretKeyRef=4 fileKeyRef=5',
  'core.v1.EphemeralContainer': `
    name=1.1! image=1.2 command=1.3 args=1.4 workingDir=1.5 ports=1.6 env=1.7 resources=1.8 volumeMounts=1.9
    livenessProbe=1.10 readinessProbe=1.11 lifecycle=1.12 terminationMessagePath=1.13 imagePullPolicy=1.14
    securityContext=1.15 stdin=1.16 stdinOnce=1.17 tty=1.18 envFrom=1.19 terminationMessagePolicy=1.20
    volumeDevices=1.21 startupProbe=1.22 resizePolicy=1.23 restartPolicy=1.24? restartPolicyRules=1.25
    targetContainerName=2`,
  'core.v1.EphemeralVolumeSource': 'volumeClaimTemplate=1',
  'core.v1.Event': `
    metadata=1 involvedObject=2 reason=3 message=4 source=5 firstTimestamp=6 lastTimestamp=7 count=8 type=9
    eventTime=10 series=11 action=12 related=13 reportingComponent=14! reportingInstance=15!`,
  'core.v1.EventSeries': 'count=1 lastObservedTime=2',
  'core.v1.EventSource': 'component=1 host=2',
  'core.v1.ExecAction': 'command=1',
  'core.v1.FileKeySelector': 'volumeName=1! path=2! key=3! optional=4?',
  'core.v1.GRPCAction': 'port=1! service=2?',
  'core.v1.HTTPGetAction': 'path=1 port=2 host=3 scheme=4 httpHeaders=5',
  'core.v1.HTTPHeader': 'name=1! value=2!',
  'core.v1.HostAlias': 'ip=1! hostnames=2',
  'core.v1.HostIP': 'ip=1!',
  'core.v1.HostPathVolumeSource': 'path=1! type=2?',
  'core.v1.ImageVolumeSource': 'reference=1 pullPolicy=2',
  'core.v1.ImageVolumeStatus': 'imageRef=1',
  'core.v1.KeyToPath': 'key=1! path=2! mode=3?',
  'core.v1.Lifecycle': 'postStart=1 preStop=2 stopSignal=3?',
  'core.v1.LifecycleHandler': 'exec=1 httpGet=2 tcpSocket=3 sleep=4',
  'core.v1.LinuxContainerUser': 'uid=1! gid=2! supplementalGroups=3',
  'core.v1.LoadBalancerIngress': 'ip=1 hostname=2 ipMode=3? ports=4',
  'core.v1.LoadBalancerStatus': 'ingress=1',
  'core.v1.LocalObjectReference': 'name=1',
  'core.v1.NFSVolumeSource': 'server=1! path=2! readOnly=3',
  'core.v1.Namespace': 'metadata=1 spec=2 status=3',
  'core.v1.NamespaceCondition': 'type=1! status=2! lastTransitionTime=4 reason=5 message=6',
  'core.v1.NamespaceSpec': 'finalizers=1',
  'core.v1.NamespaceStatus': 'phase=1 conditions=2',
  'core.v1.NodeAffinity': `
    requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2`,
  'core.v1.NodeAllocatableResourceClaimStatus': 'resourceClaimName=1! containers=2 resources=3',
  'core.v1.NodeSelector': 'nodeSelectorTerms=1',
  'core.v1.NodeSelectorRequirement': 'key=1! operator=2! values=3',
  'core.v1.NodeSelectorTerm': 'matchExpressions=1 matchFields=2',
  'core.v1.ObjectFieldSelector': 'apiVersion=1 fieldPath=2!',
  'core.v1.ObjectReference': 'kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7',
  'core.v1.PersistentVolumeClaimSpec': `
    accessModes=1 resources=2 volumeName=3 selector=4 storageClassName=5? volumeMode=6? dataSource=7
    dataSourceRef=8 volumeAttributesClassName=9?`,
  'core.v1.PersistentVolumeClaimTemplate': 'metadata=1 spec=2',
  'core.v1.PersistentVolumeClaimVolumeSource': 'claimName=1! readOnly=2',
  'core.v1.Pod': 'metadata=1 spec=2 status=3',
  'core.v1.PodAffinity': `
    requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2`,
  'core.v1.PodAffinityTerm': `
    labelSelector=1 namespaces=2 topologyKey=3! namespaceSelector=4 matchLabelKeys=5 mismatchLabelKeys=6`,
  'core.v1.PodAntiAffinity': `
    requiredDuringSchedulingIgnoredDuringExecution=1 preferredDuringSchedulingIgnoredDuringExecution=2`,
  'core.v1.PodAttachOptions': 'stdin=1 stdout=2 stderr=3 tty=4 container=5',
  'core.v1.PodCertificateProjection': `
    signerName=1 keyType=2 maxExpirationSeconds=3? credentialBundlePath=4 keyPath=5 certificateChainPath=6
    userAnnotations=7`,
  'core.v1.PodCondition': `
    type=1! status=2! lastProbeTime=3 lastTransitionTime=4 reason=5 message=6 observedGeneration=7`,
  'core.v1.PodDNSConfig': 'nameservers=1 searches=2 options=3',
  'core.v1.PodDNSConfigOption': 'name=1 value=2?',
  'core.v1.PodExecOptions': 'stdin=1 stdout=2 stderr=3 tty=4 container=5 command=6',
  'core.v1.PodExtendedResourceClaimStatus': 'requestMappings=1 resourceClaimName=2!',
  'core.v1.PodIP': 'ip=1!',
  'core.v1.PodOS': 'name=1!',
  'core.v1.PodPortForwardOptions': 'ports=1',
  'core.v1.PodReadinessGate': 'conditionType=1!',
  'core.v1.PodResourceClaim': 'name=1! resourceClaimName=3? resourceClaimTemplateName=4?',
  'core.v1.PodResourceClaimStatus': 'name=1! resourceClaimName=2?',
  'core.v1.PodSchedulingGate': 'name=1!',
  'core.v1.PodSchedulingGroup': 'podGroupName=1?',
  'core.v1.PodSecurityContext': `
    seLinuxOptions=1 runAsUser=2? runAsNonRoot=3? supplementalGroups=4 fsGroup=5? runAsGroup=6? sysctls=7
    windowsOptions=8 fsGroupChangePolicy=9? seccompProfile=10 appArmorProfile=11
    supplementalGroupsPolicy=12? seLinuxChangePolicy=13?`,
  'core.v1.PodSpec': `
    volumes=1 containers=2 restartPolicy=3 terminationGracePeriodSeconds=4? activeDeadlineSeconds=5?
    dnsPolicy=6 nodeSelector=7 serviceAccountName=8 serviceAccount=9 nodeName=10 hostNetwork=11 hostPID=12
    hostIPC=13 securityContext=14 imagePullSecrets=15 hostname=16 subdomain=17 affinity=18 schedulerName=19
    initContainers=20 automountServiceAccountToken=21? tolerations=22 hostAliases=23 priorityClassName=24
    priority=25? dnsConfig=26 shareProcessNamespace=27? readinessGates=28 runtimeClassName=29?
    enableServiceLinks=30? preemptionPolicy=31? overhead=32 topologySpreadConstraints=33
    ephemeralContainers=34 setHostnameAsFQDN=35? os=36 hostUsers=37? schedulingGates=38 resourceClaims=39
    resources=40 hostnameOverride=41? schedulingGroup=43`,
  'core.v1.PodStatus': `
    phase=1 conditions=2 message=3 reason=4 hostIP=5 podIP=6 startTime=7 containerStatuses=8 qosClass=9
    initContainerStatuses=10 nominatedNodeName=11 podIPs=12 ephemeralContainerStatuses=13 resize=14
    resourceClaimStatuses=15 hostIPs=16 observedGeneration=17 extendedResourceClaimStatus=18
    allocatedResources=19 resources=20 nodeAllocatableResourceClaimStatuses=21`,
  'core.v1.PodTemplateSpec': 'metadata=1 spec=2',
  'core.v1.PortStatus': 'port=1! protocol=2! error=3?',
  'core.v1.PreferredSchedulingTerm': 'weight=1! preference=2',
  'core.v1.Probe': `
    exec=1.1 httpGet=1.2 tcpSocket=1.3 grpc=1.4 initialDelaySeconds=2 timeoutSeconds=3 periodSeconds=4
    successThreshold=5 failureThreshold=6 terminationGracePeriodSeconds=7?`,
  'core.v1.ProjectedVolumeSource': 'sources=1 defaultMode=2?',
  'core.v1.ResourceClaim': 'name=1! request=2',
  'core.v1.ResourceFieldSelector': 'containerName=1 resource=2! divisor=3',
  'core.v1.ResourceHealth': 'resourceID=1! health=2 message=6?',
  'core.v1.ResourceRequirements': 'limits=1 requests=2 claims=3',
  'core.v1.ResourceStatus': 'name=1! resources=2',
  'core.v1.SELinuxOptions': 'user=1 role=2 type=3 level=4',
  'core.v1.SeccompProfile': 'type=1! localhostProfile=2?',
  'core.v1.Secret': 'metadata=1 data=2 type=3 stringData=4 immutable=5?',
  'core.v1.SecretEnvSource': 'name=1.1 optional=2?',
  'core.v1.SecretKeySelector': 'name=1.1 key=2! optional=3?',
  'core.v1.SecretProjection': 'name=1.1 items=2 optional=4?',
  'core.v1.SecretVolumeSource': 'secretName=1 items=2 defaultMode=3? optional=4?',
  'core.v1.SecurityContext': `
    capabilities=1 privileged=2? seLinuxOptions=3 runAsUser=4? runAsNonRoot=5? readOnlyRootFilesystem=6?
    allowPrivilegeEscalation=7? runAsGroup=8? procMount=9? windowsOptions=10 seccompProfile=11
    appArmorProfile=12`,
  'core.v1.Service': 'metadata=1 spec=2 status=3',
  'core.v1.ServiceAccount': 'metadata=1 secrets=2 imagePullSecrets=3 automountServiceAccountToken=4?',
  'core.v1.ServiceAccountTokenProjection': 'audience=1 expirationSeconds=2? path=3!',
  'core.v1.ServicePort': 'name=1 protocol=2 port=3! targetPort=4 nodePort=5 appProtocol=6?',
  'core.v1.ServiceSpec': `
    ports=1 selector=2 clusterIP=3 type=4 externalIPs=5 sessionAffinity=7 loadBalancerIP=8
    loadBalancerSourceRanges=9 externalName=10 externalTrafficPolicy=11 healthCheckNodePort=12
    publishNotReadyAddresses=13 sessionAffinityConfig=14 ipFamilyPolicy=17? clusterIPs=18 ipFamilies=19
    allocateLoadBalancerNodePorts=20? loadBalancerClass=21? internalTrafficPolicy=22?
    trafficDistribution=23?`,
  'core.v1.ServiceStatus': 'loadBalancer=1 conditions=2',
  'core.v1.SessionAffinityConfig': 'clientIP=1',
  'core.v1.SleepAction': 'seconds=1!',
  'core.v1.Sysctl': 'name=1! value=2!',
  'core.v1.TCPSocketAction': 'port=1 host=2',
  'core.v1.Toleration': 'key=1 operator=2 value=3 effect=4 tolerationSeconds=5?',
  'core.v1.TopologySpreadConstraint': `
    maxSkew=1! topologyKey=2! whenUnsatisfiable=3! labelSelector=4 minDomains=5? nodeAffinityPolicy=6?
    nodeTaintsPolicy=7? matchLabelKeys=8`,
  'core.v1.TypedLocalObjectReference': 'apiGroup=1? kind=2! name=3!',
  'core.v1.TypedObjectReference': 'apiGroup=1? kind=2! name=3! namespace=4?',
  'core.v1.Volume': `
    name=1! hostPath=2.1 emptyDir=2.2 gcePersistentDisk=2.3~ awsElasticBlockStore=2.4~ gitRepo=2.5~
    secret=2.6 nfs=2.7 iscsi=2.8~ glusterfs=2.9~ persistentVolumeClaim=2.10 rbd=2.11~ flexVolume=2.12~
    cinder=2.13~ cephfs=2.14~ flocker=2.15~ downwardAPI=2.16 fc=2.17~ azureFile=2.18~ configMap=2.19
    vsphereVolume=2.20~ quobyte=2.21~ azureDisk=2.22~ photonPersistentDisk=2.23~ portworxVolume=2.24~
    scaleIO=2.25~ projected=2.26 storageos=2.27~ csi=2.28 ephemeral=2.29 image=2.30`,
  'core.v1.VolumeDevice': 'name=1! devicePath=2!',
  'core.v1.VolumeMount': `
    name=1! readOnly=2 mountPath=3! subPath=4 mountPropagation=5? subPathExpr=6 recursiveReadOnly=7?`,
  'core.v1.VolumeMountStatus': 'name=1! mountPath=2! readOnly=3 recursiveReadOnly=4? volumeStatus=5',
  'core.v1.VolumeProjection': `
    secret=1 downwardAPI=2 configMap=3 serviceAccountToken=4 clusterTrustBundle=5 podCertificate=6`,
  'core.v1.VolumeResourceRequirements': 'limits=1 requests=2',
  'core.v1.VolumeStatus': 'image=1',
  'core.v1.WeightedPodAffinityTerm': 'weight=1! podAffinityTerm=2',
  'core.v1.WindowsSecurityContextOptions': `
    gmsaCredentialSpecName=1? gmsaCredentialSpec=2? runAsUserName=3? hostProcess=4?`,
};
