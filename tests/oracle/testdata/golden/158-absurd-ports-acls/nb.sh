F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0; ovn-nbctl ls-add sw1
ovn-nbctl lsp-add sw0 a0 -- set Logical_Switch_Port a0 addresses='["junk","0a:00:00:00:00:01 10.0.0.x","0a:00:00:00:00:02 10.0.0.2 10.0.0.2 foo"]'
ovn-nbctl lsp-add sw0 a1 -- set Logical_Switch_Port a1 addresses='["0a:00:00:00:00:02 10.0.0.2"]'
ovn-nbctl lsp-add sw0 a2 -- set Logical_Switch_Port a2 addresses='["0A:00:00:00:00:0C 10.0.0.3/24 FD00::A","   0a:00:00:00:00:0d   10.0.0.4  "]'
ovn-nbctl lsp-add sw0 a3 -- set Logical_Switch_Port a3 addresses='["ff:ff:ff:ff:ff:ff","00:00:00:00:00:00","01:00:5e:00:00:01 224.0.0.5"]'
ovn-nbctl lsp-add sw0 a4 -- set Logical_Switch_Port a4 addresses='["router"]'
ovn-nbctl lsp-add sw0 a5 -- set Logical_Switch_Port a5 type=nonsense addresses='["0a:00:00:00:00:15 10.0.0.15"]'
ovn-nbctl lsp-add sw0 a6 -- set Logical_Switch_Port a6 type=router options:router-port=nope addresses='["0a:00:00:00:00:16"]'
ovn-nbctl lsp-add sw0 a7 -- set Logical_Switch_Port a7 type=router
ovn-nbctl lsp-add sw0 a8 -- set Logical_Switch_Port a8 addresses='["unknown","unknown junk","dynamic","0a:00:00:00:00:18 dynamic"]'
ovn-nbctl lsp-add sw0 a9 -- set Logical_Switch_Port a9 port_security='["junk","0a:00:00:00:00:19 10.0.0.19/24 fd00::19","0a:00:00:00:00:1a 10.0.0.0/30"]' addresses='["0a:00:00:00:00:19 10.0.0.19"]'
ovn-nbctl lsp-add sw0 'we"ird\name' -- lsp-set-addresses 'we"ird\name' '0a:00:00:00:00:20 10.0.0.20'
ovn-nbctl lsp-add sw0 b0 -- set Logical_Switch_Port b0 parent_name=nope tag=5 type=virtual options:virtual-ip=junk options:virtual-parents=nope,a1
ovn-nbctl lsp-add sw0 b1 -- set Logical_Switch_Port b1 type=localnet
ovn-nbctl lsp-add sw0 b2 -- set Logical_Switch_Port b2 type=localnet options:network_name=ph2 tag=100
ovn-nbctl lsp-add sw0 b3 -- set Logical_Switch_Port b3 type=l2gateway
ovn-nbctl lsp-add sw0 b4 -- set Logical_Switch_Port b4 type=l2gateway options:network_name=p options:l2gateway-chassis=hv1 addresses=unknown
ovn-nbctl lsp-add sw0 b5 -- set Logical_Switch_Port b5 type=vtep options:vtep-physical-switch=p options:vtep-logical-switch=l addresses=unknown
ovn-nbctl lsp-add sw0 b6 -- set Logical_Switch_Port b6 type=external addresses='["0a:00:00:00:00:26 10.0.0.26"]'
ovn-nbctl lsp-add sw0 b7 -- set Logical_Switch_Port b7 type=virtual options:virtual-ip=10.0.0.77 options:virtual-parents=a1,nope addresses='["0a:00:00:00:00:27 10.0.0.77"]'
ovn-nbctl lsp-add sw0 b8 -- set Logical_Switch_Port b8 type=virtual options:virtual-ip=fd00::77 options:virtual-parents=a1 addresses='["0a:00:00:00:00:28 fd00::77"]'
ovn-nbctl lsp-add sw0 b9 -- set Logical_Switch_Port b9 options:requested-chassis=nope,hv1
ovn-nbctl ls-add sw9 -- lsp-add sw9 ln9 -- set Logical_Switch_Port ln9 type=localnet options:network_name=ph9
ovn-nbctl lsp-add sw9 q9 -- set Logical_Switch_Port q9 options:qos_max_rate=junk options:qos_burst=1 # with two localnet ports stock takes any
ovn-nbctl lsp-add sw0 c0 -- set Logical_Switch_Port c0 type=localport addresses='["0a:00:00:00:00:30 10.0.0.30"]'
for d in from-lport to-lport; do
ovn-nbctl --type=switch acl-add sw1 $d 1 'this is ) no (match' drop
ovn-nbctl --type=switch acl-add sw1 $d 0 '1' allow
ovn-nbctl --type=switch acl-add sw1 $d 32767 'inport == "nope"' reject; done
ovn-nbctl lsp-add sw1 d0; ovn-nbctl lsp-add sw1 d1
ovn-nbctl pg-add pg1 d0 d1; ovn-nbctl acl-add pg1 to-lport 5 'outport == @nope && ip4.src == $nope' allow-related
ovn-nbctl create Port_Group name=empty >/dev/null; ovn-nbctl acl-add empty to-lport 5 'outport == @empty' allow-related
ovn-nbctl create Address_Set name=as1 addresses='"junk","10.0.0.1","10.0.0.0/24"' >/dev/null
ovn-nbctl qos-add sw1 to-lport 0 'junk(' dscp=63
ovn-nbctl qos-add sw1 to-lport 7 'ip4' rate=4294967295 burst=4294967295
ovn-nbctl meter-add m1 drop 1 kbps 0
ovn-nbctl set Logical_Switch sw1 other_config:subnet=junk other_config:exclude_ips=junk other_config:ipv6_prefix=junk other_config:mac_only=junk other_config:mcast_snoop=yes other_config:vlan-passthru=1 other_config:mcast_table_size=-1 other_config:mcast_idle_timeout=x other_config:mcast_query_interval=0 other_config:mcast_query_max_response=99
ovn-nbctl sync
