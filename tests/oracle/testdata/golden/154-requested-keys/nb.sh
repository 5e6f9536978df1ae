F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0 -- set Logical_Switch sw0 other_config:requested-tnl-key=10
ovn-nbctl ls-add sw6 -- set Logical_Switch sw6 other_config:requested-tnl-key=junk
ovn-nbctl lr-add r0 -- set Logical_Router r0 options:requested-tnl-key=2
ovn-nbctl ls-add sw5 -- set Logical_Switch sw5 other_config:requested-tnl-key=16777215
ovn-nbctl lsp-add sw0 p0 -- lsp-set-options p0 requested-tnl-key=4
ovn-nbctl lsp-add sw0 p2
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:00 10.0.0.254/24 -- set Logical_Router_Port r0-sw0 options:requested-tnl-key=77
ovn-nbctl lsp-add sw6 x0
ovn-nbctl lsp-add sw6 x1 -- lsp-set-options x1 requested-tnl-key=1
