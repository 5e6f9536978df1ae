F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
chassis hv3 192.168.0.3
ovn-sbctl chassis-add r1 geneve 192.168.1.1 -- set Chassis r1 other_config:is-remote=true
ovn-sbctl chassis-add r2 geneve 192.168.1.2 -- set Chassis r2 other_config:is-remote=true other_config:port-up-notif=true
for i in 0 1 2 3 4 5 6 7; do
ovn-nbctl ls-add ts$i -- set Logical_Switch ts$i other_config:interconn-ts=ts$i
ovn-nbctl lsp-add ts$i p$i -- lsp-set-type p$i remote -- lsp-set-addresses p$i "0a:00:00:00:aa:02 169.254.100.2/24"; done
ovn-nbctl lsp-set-options p0 requested-chassis=r1
ovn-nbctl lsp-set-options p1 requested-chassis=hv1
ovn-nbctl lsp-set-options p2 requested-chassis=r2
ovn-nbctl lsp-set-options p3 requested-chassis=r1
ovn-nbctl lsp-set-options p3 requested-chassis=r2
ovn-nbctl lsp-set-options p4 requested-chassis=r1
ovn-nbctl remove Logical_Switch_Port p4 options requested-chassis
ovn-nbctl lsp-set-options p5 requested-chassis=r1
ovn-nbctl lsp-set-type p5 ""
ovn-nbctl lsp-set-options p6 requested-chassis=r1
ovn-nbctl lsp-set-options p6 requested-chassis=hv1
ovn-sbctl set Port_Binding p7 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=r1)
ovn-nbctl lsp-add ts7 q -- lsp-set-options q requested-chassis=r1
ovn-nbctl lsp-add ts7 q2 -- lsp-set-type q2 remote -- lsp-set-options q2 requested-chassis=nope
ovn-nbctl sync
