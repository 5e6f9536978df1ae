# QoS, mirrors and meters with odd values.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
for x in s s2 s3; do ovn-nbctl ls-add $x; done
for i in 1 2 3; do ovn-nbctl lsp-add s p$i -- lsp-set-addresses p$i "0a:00:00:00:00:0$i 10.0.0.$i"; done
qos() { ovn-nbctl --id=@q create QoS "$@" -- add Logical_Switch s qos_rules @q >/dev/null; }
i=0
for d in from-lport to-lport; do
for a in "" action:dscp=0 action:dscp=63 action:dscp=64 action:dscp=4294967295 action:mark=0 action:mark=4294967295 "action:dscp=5 action:mark=7" bandwidth:rate=1 bandwidth:burst=5 "bandwidth:rate=4294967295 bandwidth:burst=4294967295" "bandwidth:rate=5 action:dscp=3" "bandwidth:burst=5 action:dscp=3 action:mark=1"; do i=$((i+1)); qos priority=$i direction=$d match="\"ip4 && tcp.dst==$i\"" $a; done
for m in '""' '"1"' '"junk ("' '"inport == \"p1\""' '"outport == \"p1\""' '" ip4 "' '"ip4 && ip4"' "\"\$as\"" '"@pg"' '"^tmpl"'; do i=$((i+1)); qos priority=$i direction=$d match="$m" action:dscp=1; done
qos priority=100 direction=$d match='"ip6"' action:dscp=1; qos priority=100 direction=$d match='"ip6"' action:dscp=2; qos priority=100 direction=$d match='"ip6"' action:dscp=1
qos priority=0 direction=$d match='"ip6"' action:dscp=1;qos priority=32767 direction=$d match='"ip6"' action:dscp=1
done
q=$(ovn-nbctl --bare --columns=_uuid find QoS priority=3); ovn-nbctl add Logical_Switch s2 qos_rules $q
i=0
mir() { i=$((i+1)); ovn-nbctl create Mirror name="m$i" "$@" external_ids:a=b > m$i.uuid; }
for t in gre erspan local; do for f in from-lport to-lport both; do mir type=$t filter=$f index=$i sink='""'; mir type=$t filter=$f index=-$i sink=junk; mir type=$t filter=$f index=9223372036854775807 sink=\"fd00::1\"; done; done
ovn-nbctl create Mirror name='""' type=gre filter=both index=1 sink=10.0.0.1 > me.uuid
ovn-nbctl set Logical_Switch_Port p1 mirror_rules=$(cat m1.uuid),$(cat m2.uuid),$(cat me.uuid)
ovn-nbctl set Logical_Switch_Port p2 mirror_rules=$(cat m1.uuid)
ovn-nbctl destroy Mirror $(cat m2.uuid); ovn-nbctl set Mirror $(cat m3.uuid) sink=other filter=both type=local index=5; ovn-nbctl set Mirror $(cat m1.uuid) external_ids:c=d
met() { ovn-nbctl --id=@b create Meter_Band action=drop rate=$3 burst_size=$4 -- create Meter name="$1" unit=$2 bands=@b $5 >/dev/null; }
met a kbps 1 0; met b pktps 4294967295 4294967295 fair=true; met '""' kbps 5 5; met '"__x"' kbps 5 5; met c pktps 5 5 fair=false; met '"a b"' kbps 6 6 fair=true
ovn-nbctl --id=@b1 create Meter_Band action=drop rate=7 -- --id=@b2 create Meter_Band action=drop rate=7 -- --id=@b3 create Meter_Band action=drop rate=9 external_ids:x=y -- create Meter name=multi unit=kbps bands=@b1,@b2,@b3 fair=true >/dev/null
ovn-nbctl --id=@a create ACL priority=1 direction=to-lport match=ip4 action=drop log=true meter=b -- --id=@a2 create ACL priority=2 direction=to-lport match=ip4 action=drop log=true meter='"a b"' -- --id=@a3 create ACL priority=3 direction=to-lport match=ip4 action=drop log=true meter=nope -- --id=@a4 create ACL priority=4 direction=to-lport match=ip4 action=drop log=true meter='""' -- --id=@a5 create ACL priority=5 direction=to-lport match=ip4 action=drop log=false meter=multi -- --id=@a6 create ACL priority=6 direction=to-lport match=ip4 action=drop log=true meter=c name=n severity=debug  -- set Logical_Switch s3 acls=@a,@a2,@a3,@a4,@a5,@a6
